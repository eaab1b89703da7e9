#pragma once

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

/// Runs `faceoff worker BOX …` with these arguments, a process that shares the black box and stdout, and waits for its
/// end: it is passed the interrupts that come, and is killed, with whatever it started, where one piece of its work (a
/// beat of the black box) takes longer than `time_limit` seconds a picture. Throws Error where it can't be started.
WorkerEnd run_worker(const std::vector<std::string>& args, const SharedBlackBox& box, double time_limit);

/// To be called in a rank: a launcher that is killed leaves no rank at work behind.
void end_with_launcher();

/// To be called first thing in a worker: it ends when its supervisor does, also where that has happened already.
void end_with_supervisor(const BlackBox& box);

}  // namespace faceoff
