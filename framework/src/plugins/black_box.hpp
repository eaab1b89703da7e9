#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace faceoff {

/// What the process is doing, for messages about it. A worker's is in memory that its supervisor shares, so that it can
/// be read when the worker is no more.
struct BlackBox {
  std::atomic<std::int64_t> beats = 0;       ///< pieces of work begun: set-ups, photos, items
  std::atomic<std::int64_t> items = 0;       ///< of the run
  std::atomic<std::int64_t> done = 0;        ///< items that are saved
  std::atomic<std::int64_t> item = -1;       ///< under way; −1 where none is, or several are
  std::atomic<std::int64_t> group = -1;      ///< of items under way; −1 where none is
  std::atomic<std::int64_t> pictures = 0;    ///< how many the piece of work under way is about
  std::atomic<std::int64_t> apart = -1;      ///< the group whose items are to be attacked one by one
  std::atomic<std::int64_t> step = -1;       ///< of the attack, from 0; −1 outside of one
  std::atomic<std::int64_t> queries = 0;     ///< that the item under way has made
  std::atomic<int> code = -1;                ///< the exit code, once the process has said what there is to say
  std::atomic<std::int64_t> supervisor = 0;  ///< its process, where there is one
  std::atomic<std::uint64_t> plan = 0;       ///< stands for the experiment's text and items
  std::array<char, 4096> run{};              ///< the run's folder, once it is there
  std::array<char, 4096> picture{};          ///< of the item under way
  std::array<char, 1024> output{};           ///< what is delivered of it, relative to the run
  std::array<char, 256> doing{};             ///< the plugin being called: "plugin pgd"
  std::array<char, 65536> lost{};            ///< the item's line of results, should the process not live to write one

  /// This process's.
  static BlackBox& here();
  /// For a process that was forked off: from now on it has one of its own.
  static void leave();
  /// For a worker: from now on this one, which its supervisor reads, is the process's.
  static void enter(BlackBox& shared);

  void begin_item(std::int64_t which) {
    begin_items(1);
    item = which;
  }
  /// Several at once.
  void begin_items(std::int64_t count) {
    pictures = count;
    ++beats;
    item = step = -1;
    queries = 0;
  }
  void end_item() { item = step = -1; }
};

/// Copies as much as there is room for.
template <std::size_t size>
void note(std::array<char, size>& into, const std::string& text) {
  const std::size_t length = text.copy(into.data(), size - 1);
  into[length] = '\0';
}

/// Notes what is being done while it lives.
class Doing {
 public:
  explicit Doing(const std::string& what) : before_(BlackBox::here().doing) { note(BlackBox::here().doing, what); }
  Doing(const Doing&) = delete;
  Doing& operator=(const Doing&) = delete;
  ~Doing() { BlackBox::here().doing = before_; }

 private:
  std::array<char, 256> before_;
};

/// ", item 3, step 7": what of it is under way.
std::string whereabouts(const BlackBox& box);

/// A black box that a supervisor shares with its workers, which are forked off it.
class SharedBlackBox {
 public:
  /// Throws Error where there is no memory to share.
  SharedBlackBox();
  SharedBlackBox(const SharedBlackBox&) = delete;
  SharedBlackBox& operator=(const SharedBlackBox&) = delete;
  ~SharedBlackBox();

  BlackBox& operator*() const { return *box_; }
  BlackBox* operator->() const { return box_; }

 private:
  BlackBox* box_;
};

}  // namespace faceoff
