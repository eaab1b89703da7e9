#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "run/item_list.hpp"
#include "run/results.hpp"
#include "run/run_folder.hpp"

namespace faceoff {

/// Who is told how far a run is, and asked whether it is to go on: a command line, or a program that calls a run. By
/// itself it hears all and says nothing.
class RunObserver {
 public:
  virtual ~RunObserver() = default;

  /// Whether the items that are not begun are to be left alone.
  virtual bool stop() { return false; }
  /// A line of words.
  virtual void say(const std::string& /*line*/) {}
  /// Before the first item: how many there are, how many of them are done, and which rank this is (-1: there are none).
  virtual void begin(std::int64_t /*items*/, std::int64_t /*done*/, int /*rank*/) {}
  /// So many items are begun at once, of which this is the first.
  virtual void begin_items(const Item& /*first*/, std::size_t /*count*/) {}
  /// The item's picture has been read, by which libraries that are loaded late are there.
  virtual void picture_read() {}
  virtual void step(std::int64_t /*step*/, std::int64_t /*of*/) {}
  virtual void end_item(const Item& /*item*/, const ItemReport& /*report*/) {}
};

/// The number of the next group; nothing where there is none any more.
using Groups = std::function<std::optional<std::int64_t>()>;

/// Attacks the groups that `take` gives until it gives none, or the observer says stop: from the pictures to their
/// lines in the results, batch by batch, with event files for TensorBoard where there is who makes them. A batch of
/// which a line is missing is attacked whole, and writes only what is missing; one that fails or has crashed is
/// attacked picture by picture. The next batch is read, and the last one may be written, while one is attacked; so
/// three are in memory at most.
void attack_batches(const RunFolder& run, const ItemList& items, const DoneItems& done, const Groups& take,
                    const Events& events, RunObserver& observer);

/// The line of an item whose process ended, from the one that it had ready for a failure.
std::string lost_line(const std::string& ready, const std::string& error, std::int64_t queries, double seconds);

}  // namespace faceoff
