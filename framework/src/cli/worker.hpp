#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/black_box.hpp"

namespace faceoff {

/// How a worker process ended.
struct WorkerEnd {
  int code = 0;            ///< its exit code, where it ended by itself
  int signal = 0;          ///< the signal that ended it, or 0
  bool timed_out = false;  ///< it was ended for its piece of work took too long
  double seconds = 0;      ///< since it began that piece of work

  /// "ended by signal 11 (Segmentation fault)"
  std::string text(double time_limit) const;
};

/// This program once more, as a process of its own that shares a black box.
class Worker {
 public:
  /// Starts it with these arguments, and this file as its stdout.
  Worker(const std::vector<std::string>& args, int out);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  /// Waits for its end; kills it where one piece of its work (a beat of the black box) takes longer than `time_limit`
  /// seconds a picture. `tick` is called every few milliseconds.
  template <class Tick>
  WorkerEnd wait(const BlackBox& box, double time_limit, const Tick& tick) {
    std::optional<WorkerEnd> end;
    while (!(end = look(box, time_limit))) tick();
    return *end;
  }
  void send(int signal) const;

 private:
  /// Ends whatever the worker started, too.
  void kill_group() const;
  std::optional<WorkerEnd> look(const BlackBox& box, double time_limit);

  int pid_ = -1;
  bool ended_ = false;
  std::int64_t beats_ = -1;
  double beat_began_ = 0;  ///< seconds of the steady clock
};

/// To be called in a rank: a launcher that is killed leaves no rank at work behind.
void end_with_launcher();

/// To be called first thing in a worker: it ends when its supervisor does, also where that has happened already.
void end_with_supervisor(const BlackBox& box);

}  // namespace faceoff
