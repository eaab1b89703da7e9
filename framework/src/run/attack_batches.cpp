#include "run/attack_batches.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <future>
#include <memory>
#include <utility>

#include "attack/attack.hpp"
#include "base/files.hpp"
#include "faces/partners.hpp"
#include "faces/targets.hpp"
#include "plugins/black_box.hpp"
#include "plugins/call_plugin.hpp"
#include "run/item.hpp"

namespace faceoff {

namespace {

/// How pictures are read and written: beside the attacks, but for a worker, which the next attack may end.
std::launch beside() {
  return BlackBox::here().supervisor != 0 ? std::launch::deferred : std::launch::async;
}

/// Whether something is done without the next batch being held up by much, so that it can be waited for at once: where
/// attacks take long, as on a processor, writing always is.
bool soon(const std::future<void>& work, double attacked_in) {
  const std::chrono::duration<double> little(std::max(attacked_in / 20, .05));
  return work.wait_for(little) != std::future_status::timeout;
}

/// A picture of a batch on its way.
struct Member {
  ItemWork work;
  bool owed = true;  ///< whether its line is missing
};

/// A batch on its way.
struct Flight {
  std::int64_t group = 0;
  std::vector<std::string> left_out;  ///< the SHA-256 of each picture, where it failed in a process that ended
  std::deque<Member> members;         ///< but for those
  std::vector<std::size_t> places;    ///< of the members in the batch
  std::string started;
  double attacked_in = 0;              ///< seconds
  std::future<void> reading, writing;  ///< last, so that they end before what they work on

  const Item& first() const { return members.front().work.item(); }
  const PreparedVariant& variant() const { return *first().variant; }
};

class BatchRunner {
 public:
  BatchRunner(const RunFolder& run, const ItemList& items, const DoneItems& done, const Groups& take,
              const Events& events, RunObserver& observer)
      : run_(run), items_(items), done_(done), take_(take), events_(events), observer_(observer) {}

  void run() {
    std::unique_ptr<Flight> last, next = begin();
    while (next && !observer_.stop()) {
      std::unique_ptr<Flight> current = std::move(next);
      next = begin();
      attack(*current);
      if (last) finish(*std::exchange(last, nullptr));
      if (soon(current->writing, current->attacked_in)) {
        finish(*current);
      } else {
        last = std::move(current);
      }
    }
    if (last) finish(*last);
  }

 private:
  bool owed(std::int64_t item) const { return !done_.all.contains(item); }

  /// The next batch that owes a line, being read; null where there is none, or the run is to stop.
  std::unique_ptr<Flight> begin() {
    while (waiting_.empty()) {
      if (observer_.stop()) return nullptr;
      const std::optional<std::int64_t> group = take_();
      if (!group) return nullptr;
      for (ItemList::Numbers& batch : items_.batches_of(*group)) {
        if (std::ranges::any_of(batch, [&](std::int64_t item) { return owed(item); }))
          waiting_.emplace_back(*group, std::move(batch));
      }
    }
    const auto [group, batch] = std::move(waiting_.front());
    waiting_.pop_front();
    auto flight = std::make_unique<Flight>();
    flight->group = group;
    flight->left_out.resize(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Item item = items_.at(batch[i]);
      if (done_.failed.contains(batch[i])) {
        flight->left_out[i] = items_.digest_of(item.picture);
      } else {
        flight->members.push_back({ItemWork(item, run_.path()), owed(batch[i])});
        flight->places.push_back(i);
      }
    }
    flight->reading = std::async(beside(), [&members = flight->members] {
      for (Member& member : members) member.work.read();
    });
    return flight;
  }

  void attack(Flight& flight) {
    flight.started = utc_now();
    for (const Member& member : flight.members) make_folder((run_.path() / member.work.item().output).parent_path());
    observer_.begin_items(flight.first(), flight.members.size());
    BlackBox::here().begin_items(static_cast<std::int64_t>(flight.members.size()));
    flight.reading.get();
    observer_.picture_read();
    for (Member& member : flight.members) {
      take_up(flight, member);
      member.work.find();
    }
    std::vector<Member*> some;
    for (Member& member : flight.members) {
      if (member.work.to_attack() != nullptr) some.push_back(&member);
    }
    const auto start = std::chrono::steady_clock::now();
    if (some.size() < 2 || BlackBox::here().apart == flight.group || !attack_together(flight, some)) {
      for (Member* member : some) attack_alone(flight, *member);
    }
    flight.attacked_in = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    BlackBox::here().group = -1;
    flight.writing = std::async(beside(), [&members = flight.members] {
      for (Member& member : members) {
        if (member.owed) member.work.write();
      }
    });
  }

  std::vector<AttackResult> attack(const Flight& flight, const std::vector<Member*>& members) const {
    std::vector<AttackInput> inputs;
    std::vector<PartnerPhotos::Attacked> pictures;
    for (const Member* member : members) {
      inputs.push_back(*member->work.to_attack());
      pictures.push_back({member->work.report().picture_sha256, folder_name(member->work.item().picture)});
    }
    ObjectiveOptions options;
    if (PartnerPhotos* partners = flight.variant().people.attacked.partners.get(); partners != nullptr) {
      options.partners = [=](const LoadedModel& model, const std::vector<std::size_t>& rows, std::int64_t each,
                             Random& random) {
        std::vector<PartnerPhotos::Attacked> whose;
        for (const std::size_t row : rows) whose.push_back(pictures[row]);
        return partners->draw(model, whose, each, random);
      };
    }
    options.progress = [&](std::int64_t step, std::int64_t of) { observer_.step(step, of); };
    options.means = flight.variant().people.attacked.gallery->means();
    return faceoff::attack(*flight.variant().assembly, inputs, options);
  }

  /// False where it failed, which may be one picture's doing.
  bool attack_together(const Flight& flight, const std::vector<Member*>& some) const {
    BlackBox& box = BlackBox::here();
    box.begin_items(static_cast<std::int64_t>(some.size()));
    box.group = flight.group;
    const auto start = std::chrono::steady_clock::now();
    std::vector<AttackResult> results;
    try {
      results = attack(flight, some);
    } catch (...) {  // told by the picture that it fails with again
      return false;
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    for (std::size_t i = 0; i < some.size(); ++i)
      some[i]->work.attacked(results[i], seconds.count() / static_cast<double>(some.size()));
    return true;
  }

  void attack_alone(const Flight& flight, Member& member) const {
    take_up(flight, member);
    const auto start = std::chrono::steady_clock::now();
    const auto seconds = [&] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    try {
      const AttackResult result = attack(flight, {&member}).front();
      member.work.attacked(result, seconds());
    } catch (...) {
      member.work.fail(what_was_thrown(), BlackBox::here().queries, seconds());
    }
  }

  /// Judges what was written, and puts it down.
  void finish(Flight& flight) {
    flight.writing.get();
    for (std::size_t i = 0; i < flight.members.size(); ++i) {
      Member& member = flight.members[i];
      if (!member.owed) continue;
      take_up(flight, member);
      member.work.judge();
      keep_trace(member.work);
      run_.append_result(to_text(line_of(flight, i)));
      BlackBox& box = BlackBox::here();
      ++box.done;
      box.end_item();
      observer_.end_item(member.work.item(), member.work.report());
    }
  }

  /// That this item is under way from now on, should the process not live to say what became of it.
  static void take_up(const Flight& flight, const Member& member) {
    const Item& item = member.work.item();
    ItemLine lost = item.line();
    lost.started = flight.started;
    lost.finished = utc_now();
    BlackBox& box = BlackBox::here();
    note(box.picture, item.picture.string());
    note(box.output, item.output.string());
    note(box.lost, to_text(lost));
    box.begin_item(item.number);
    box.queries = member.work.report().queries;
  }

  /// What was asked for of an item's steps.
  void keep_trace(const ItemWork& work) const {
    const Item& item = work.item();
    remove_traces(run_.path(), item.output);
    if (work.report().status != Status::attacked) return;
    const Trace& trace = work.report().trace;
    if (item.experiment().traces) write_trace(run_.path(), item.output, trace);
    if (events_) write_tensorboard(events_, run_.path(), item.output, item.picture, trace);
  }

  static ItemLine line_of(const Flight& flight, std::size_t which) {
    std::vector<std::string> digests = flight.left_out;
    for (std::size_t i = 0; i < flight.members.size(); ++i)
      digests[flight.places[i]] = flight.members[i].work.report().picture_sha256;
    const ItemWork& work = flight.members[which].work;
    ItemLine line = work.report();
    line.key = item_key(work.item(), digests, flight.places[which]);
    line.started = flight.started;
    line.finished = utc_now();
    return line;
  }

  const RunFolder& run_;
  const ItemList& items_;
  const DoneItems& done_;
  const Groups& take_;
  const Events& events_;
  RunObserver& observer_;
  std::deque<std::pair<std::int64_t, ItemList::Numbers>> waiting_;  ///< batches of the group that was taken
};

}  // namespace

void attack_batches(const RunFolder& run, const ItemList& items, const DoneItems& done, const Groups& take,
                    const Events& events, RunObserver& observer) {
  BatchRunner(run, items, done, take, events, observer).run();
}

std::string lost_line(const std::string& ready, const std::string& error, std::int64_t queries, double seconds) {
  ItemLine line = parse_item_line(ready, "the black box");
  line.queries = queries;
  line.seconds = seconds;
  line.finished = utc_now();
  line.error = error;
  return to_text(line);
}

}  // namespace faceoff
