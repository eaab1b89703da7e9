#include "run/attack_items.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "base/files.hpp"
#include "plugins/black_box.hpp"
#include "run/item.hpp"
#include "run/item_key.hpp"
#include "run/item_line.hpp"
#include "run/trace_files.hpp"

namespace faceoff {

namespace {

/// How pictures are read and written: beside the attacks, but for a worker, which the next attack may end.
std::launch beside() {
  return BlackBox::here().supervisor != 0 ? std::launch::deferred : std::launch::async;
}

/// An item on its way.
struct Flight {
  Flight(const RunFolder& run, Item which)
      : item(std::move(which)),
        work(*item.variant->assembly, item.picture, run.path() / item.output),
        reading(std::async(beside(), [this] { work.read(); })) {}

  const Experiment& experiment() const { return item.variant->assembly->experiment; }

  Item item;
  ItemWork work;
  std::string started;
  std::int64_t queries = 0;
  double attacked_in = 0;              ///< seconds
  std::future<void> reading, writing;  ///< last, so that they end before what they work on
};

/// What is known of an item while its picture is on its way.
ItemLine begun(const Flight& flight) {
  ItemLine line;
  line.item = flight.item.number;
  line.variant = flight.experiment().variant;
  line.picture = flight.item.picture.string();
  line.epsilon = flight.experiment().epsilon;
  line.norm = flight.experiment().norm;
  line.started = flight.started;
  line.finished = utc_now();
  return line;
}

ItemLine line_of(const Flight& flight) {
  const ItemReport& report = flight.work.report();
  ItemLine line = begun(flight);
  line.status = report.status;
  if (report.status == Status::attacked) line.output = flight.item.output.string();
  if (report.status == Status::no_face) line.output = as_it_was(flight.item.output).string();
  line.picture_sha256 = report.sha256;
  if (!report.sha256.empty())
    line.key = item_key(flight.item.variant->key, report.sha256, flight.item.picture, flight.item.output);
  if (report.status != Status::failed) line.output_sha256 = report.output_sha256;
  line.quality = report.quality;
  line.bytes = report.bytes;
  line.queries = report.queries;
  line.seconds = flight.work.seconds();
  line.faces = report.faces;
  line.lossless = report.lossless;
  line.error = report.error;
  return line;
}

/// That this item is under way from now on, should the process not live to say what became of it. Of the picture, which
/// may be being read or written, it asks nothing.
void take_up(const Flight& flight, std::int64_t queries) {
  BlackBox& box = BlackBox::here();
  note(box.picture, flight.item.picture.string());
  note(box.output, flight.item.output.string());
  note(box.lost, to_text(begun(flight)));
  box.begin_item(flight.item.number);
  box.queries = queries;
}

void attack(const RunFolder& run, Flight& flight, RunObserver& observer) {
  flight.started = utc_now();
  make_folder((run.path() / flight.item.output).parent_path());
  observer.begin_item(flight.item);
  take_up(flight, 0);
  flight.reading.get();
  observer.picture_read();
  flight.work.attack(*flight.item.variant->people.attacked.gallery, flight.item.variant->people.attacked.photos,
                     [&](std::int64_t step, std::int64_t of) { observer.step(step, of); });
  flight.attacked_in = flight.work.seconds();
  flight.queries = flight.work.report().queries;
  flight.writing = std::async(beside(), [&flight] { flight.work.write(); });
}

/// What was asked for of an item's steps.
void keep_trace(const RunFolder& run, const Flight& flight, const Events& events) {
  const ItemReport& report = flight.work.report();
  remove_traces(run.path(), flight.item.output);
  if (report.status != Status::attacked) return;
  if (flight.experiment().traces) write_trace(run.path(), flight.item.output, report.trace);
  if (events) write_tensorboard(events, run.path(), flight.item.output, flight.item.picture, report.trace);
}

/// Judges what was written, and puts it down.
void finish(const RunFolder& run, Flight& flight, const Events& events, RunObserver& observer) {
  take_up(flight, flight.queries);
  flight.writing.get();
  flight.work.judge(flight.item.variant->judged_by);
  const ItemReport& report = flight.work.report();
  keep_trace(run, flight, events);
  run.append_result(to_text(line_of(flight)));
  BlackBox& box = BlackBox::here();
  ++box.done;
  box.end_item();
  observer.end_item(flight.item, report, flight.work.seconds());
}

/// Whether a picture is written without the next one being held up by much, so that it can be done with at once: where
/// attacks take long, as on a processor, writing always is.
bool written_soon(const Flight& flight) {
  const std::chrono::duration<double> little(std::max(flight.attacked_in / 20, .05));
  return flight.writing.wait_for(little) != std::future_status::timeout;
}

}  // namespace

std::string lost_line(const std::string& ready, const std::string& error, std::int64_t queries, double seconds) {
  ItemLine line = parse_item_line(ready, "the black box");
  line.queries = queries;
  line.seconds = seconds;
  line.finished = utc_now();
  line.error = error;
  return to_text(line);
}

void attack_items(const RunFolder& run, const ItemList& items, const std::function<std::optional<std::int64_t>()>& take,
                  const Events& events, RunObserver& observer) {
  const auto begin = [&]() -> std::unique_ptr<Flight> {
    if (observer.stop()) return nullptr;
    const std::optional<std::int64_t> number = take();
    return number ? std::make_unique<Flight>(run, items.at(*number)) : nullptr;
  };
  std::unique_ptr<Flight> last, next = begin();
  while (next && !observer.stop()) {
    std::unique_ptr<Flight> current = std::move(next);
    next = begin();
    attack(run, *current, observer);
    if (last) finish(run, *std::exchange(last, nullptr), events, observer);
    if (written_soon(*current)) {
      finish(run, *current, events, observer);
    } else {
      last = std::move(current);
    }
  }
  if (last) finish(run, *last, events, observer);
}

}  // namespace faceoff
