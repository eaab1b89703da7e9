#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace faceoff {

struct Item;
struct ItemReport;

/// Who is told how far a run is, and asked whether it is to go on: a command line, or a program that calls a run.
class RunObserver {
 public:
  virtual ~RunObserver() = default;

  /// Whether the items that are not begun are to be left alone.
  virtual bool stop() = 0;
  /// A line of words.
  virtual void say(const std::string& line) = 0;
  /// Before the first item: how many there are, how many of them are done, and which rank this is (-1: there are none).
  virtual void begin(std::int64_t items, std::int64_t done, int rank) = 0;
  /// So many items are begun at once, of which this is the first.
  virtual void begin_items(const Item& first, std::size_t count) = 0;
  /// The item's picture has been read, by which libraries that are loaded late are there.
  virtual void picture_read() {}
  virtual void step(std::int64_t step, std::int64_t of) = 0;
  virtual void end_item(const Item& item, const ItemReport& report, double seconds) = 0;
};

}  // namespace faceoff
