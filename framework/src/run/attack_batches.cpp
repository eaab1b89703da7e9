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
  std::size_t place;  ///< in the batch
  bool missing;       ///< its line
  ItemWork work;
};

/// A batch on its way.
struct Batch {
  std::int64_t group = 0;
  std::vector<std::string> left_out;  ///< the SHA-256 of each picture, where it failed in a process that ended
  std::deque<Member> members;         ///< but for those
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
    std::unique_ptr<Batch> last, next = begin();
    while (next && !observer_.stop()) {
      std::unique_ptr<Batch> current = std::move(next);
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
  bool missing(std::int64_t item) const { return !done_.all.contains(item); }

  /// The next batch of which a line is missing, being read; null where there is none, or the run is to stop.
  std::unique_ptr<Batch> begin() {
    while (waiting_.empty()) {
      if (observer_.stop()) return nullptr;
      const std::optional<std::int64_t> group = take_();
      if (!group) return nullptr;
      for (ItemList::Numbers& numbers : items_.batches_of(*group)) {
        if (std::ranges::any_of(numbers, [&](std::int64_t item) { return missing(item); }))
          waiting_.emplace_back(*group, std::move(numbers));
      }
    }
    const auto [group, numbers] = std::move(waiting_.front());
    waiting_.pop_front();
    auto batch = std::make_unique<Batch>();
    batch->group = group;
    batch->left_out.resize(numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const Item item = items_.at(numbers[i]);
      if (done_.failed.contains(numbers[i])) {
        batch->left_out[i] = items_.digest_of(item.picture);
      } else {
        batch->members.push_back({i, missing(numbers[i]), ItemWork(item, run_.path())});
      }
    }
    batch->reading = std::async(beside(), [&members = batch->members] {
      for (Member& member : members) member.work.read();
    });
    return batch;
  }

  void attack(Batch& batch) {
    batch.started = utc_now();
    for (const Member& member : batch.members) make_folder((run_.path() / member.work.item().output).parent_path());
    observer_.begin_items(batch.first(), batch.members.size());
    BlackBox::here().begin_items(static_cast<std::int64_t>(batch.members.size()));
    batch.reading.get();
    observer_.picture_read();
    for (Member& member : batch.members) {
      mark_begun(batch, member);
      member.work.find();
    }
    std::vector<Member*> some;
    for (Member& member : batch.members) {
      if (member.work.to_attack() != nullptr) some.push_back(&member);
    }
    const auto start = std::chrono::steady_clock::now();
    const bool together = some.size() > 1 && BlackBox::here().apart != batch.group && fit_together(batch, some);
    if (!together || !attack_together(batch, some)) {
      for (Member* member : some) attack_alone(batch, *member);
    }
    batch.attacked_in = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    BlackBox::here().group = -1;
    batch.writing = std::async(beside(), [&members = batch.members] {
      for (Member& member : members) {
        if (member.missing) member.work.write();
      }
    });
  }

  std::vector<AttackResult> attack(const Batch& batch, const std::vector<Member*>& members) const {
    std::vector<AttackInput> inputs;
    std::vector<PartnerPhotos::Attacked> pictures;
    for (const Member* member : members) {
      inputs.push_back(*member->work.to_attack());
      pictures.push_back({member->work.report().picture_sha256, folder_name(member->work.item().picture)});
    }
    ObjectiveOptions options;
    if (PartnerPhotos* partners = batch.variant().people.attacked.partners.get(); partners != nullptr) {
      options.partners = [=](const LoadedModel& model, const std::vector<std::size_t>& rows, std::int64_t each,
                             Random& random) {
        std::vector<PartnerPhotos::Attacked> whose;
        for (const std::size_t row : rows) whose.push_back(pictures[row]);
        return partners->draw(model, whose, each, random);
      };
    }
    options.progress = [&](std::int64_t step, std::int64_t of) { observer_.step(step, of); };
    options.means = batch.variant().people.attacked.gallery->means();
    return faceoff::attack(*batch.variant().assembly, inputs, options);
  }

  /// Whether there is memory for attacking these pictures at once, padded to the largest.
  bool fit_together(const Batch& batch, const std::vector<Member*>& some) const {
    std::int64_t height = 0, width = 0;
    for (const Member* member : some) {
      height = std::max(height, member->work.to_attack()->clean.size(2));
      width = std::max(width, member->work.to_attack()->clean.size(3));
    }
    const auto count = static_cast<std::int64_t>(some.size());
    if (fits_into_memory(*batch.variant().assembly, height * width * count)) return true;
    observer_.say("there is no memory for " + std::to_string(count) + " pictures of up to " + std::to_string(width) +
                  " × " + std::to_string(height) + " pixels at once: they are attacked one by one");
    return false;
  }

  /// False where it failed, which may be one picture's doing.
  bool attack_together(const Batch& batch, const std::vector<Member*>& some) const {
    BlackBox& box = BlackBox::here();
    box.begin_items(static_cast<std::int64_t>(some.size()));
    box.group = batch.group;
    const auto start = std::chrono::steady_clock::now();
    std::vector<AttackResult> results;
    try {
      results = attack(batch, some);
    } catch (...) {  // told by the picture that it fails with again
      return false;
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    for (std::size_t i = 0; i < some.size(); ++i)
      some[i]->work.attacked(results[i], seconds.count() / static_cast<double>(some.size()));
    return true;
  }

  void attack_alone(const Batch& batch, Member& member) const {
    mark_begun(batch, member);
    const auto start = std::chrono::steady_clock::now();
    const auto seconds = [&] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    };
    try {
      const AttackResult result = attack(batch, {&member}).front();
      member.work.attacked(result, seconds());
    } catch (...) {
      member.work.fail(what_was_thrown(), BlackBox::here().queries, seconds());
    }
  }

  /// Judges what was written, and puts it down.
  void finish(Batch& batch) {
    batch.writing.get();
    for (Member& member : batch.members) {
      if (!member.missing) continue;
      mark_begun(batch, member);
      member.work.judge();
      keep_trace(member.work);
      run_.append_result(to_text(line_of(batch, member)));
      BlackBox& box = BlackBox::here();
      ++box.done;
      box.end_item();
      observer_.end_item(member.work.item(), member.work.report());
    }
  }

  /// That this item is under way from now on, should the process not live to say what became of it.
  static void mark_begun(const Batch& batch, const Member& member) {
    const Item& item = member.work.item();
    ItemLine lost = item.line();
    lost.started = batch.started;
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
    if (!was_attacked(work.report().status)) return;
    const Trace& trace = work.report().trace;
    if (item.experiment().traces) write_trace(run_.path(), item.output, trace);
    if (events_) write_tensorboard(events_, run_.path(), item.output, item.picture, trace);
  }

  static ItemLine line_of(const Batch& batch, const Member& member) {
    std::vector<std::string> digests = batch.left_out;
    for (const Member& one : batch.members) digests[one.place] = one.work.report().picture_sha256;
    ItemLine line = member.work.report();
    line.key = item_key(member.work.item(), digests, member.place);
    line.started = batch.started;
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
