#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace faceoff {

/// "2:05", "1:02:05": in minutes, or in hours.
std::string duration(double seconds);

/// Who is told how far a command is in place of a terminal.
class ProgressListener {
 public:
  virtual ~ProgressListener() = default;
  /// So much is to be done, and what was done before is done.
  virtual void begin(std::int64_t items) = 0;
  virtual void start_item(const std::string& name) = 0;
  virtual void end_item() = 0;

  /// From now on; null: the terminal.
  static void be(ProgressListener* listener);
};

/// How far a run is, on stderr: on a terminal a bar with rate and time left, elsewhere a line an item.
class Progress {
 public:
  /// `who` goes before each item's line, where several processes say theirs.
  explicit Progress(std::int64_t items, std::int64_t done = 0, std::string who = "");

  void start_item(const std::string& name) { start_items(name, 1); }
  /// Several at once.
  void start_items(const std::string& name, std::size_t count);
  void step(std::int64_t step, std::int64_t of);
  /// `line`: what became of the item.
  void end_item(const std::string& line);
  /// The same without a word.
  void pass_item();
  /// A line of words that stays.
  void say(const std::string& line);

 private:
  void draw(double share_of_them, const std::string& detail);
  void erase();

  using Clock = std::chrono::steady_clock;
  std::int64_t items_;
  std::int64_t done_;
  std::int64_t done_before_ = done_;  ///< by another process
  std::int64_t steps_ = 0;
  std::size_t at_once_ = 1;  ///< items that are under way
  std::string who_;
  std::string name_;
  bool terminal_;
  bool drawn_ = terminal_;  ///< another process may have left its bar
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_drawn_;
};

}  // namespace faceoff
