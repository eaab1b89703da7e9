#pragma once

#include <csignal>
#include <functional>
#include <string>

#include "plugins/black_box.hpp"

namespace faceoff {

/// The first Ctrl-C (or SIGTERM) lets the item finish, the second one ends the process. While a Printed lives, signals
/// are those of the program that calls.
class Interrupt {
 public:
  Interrupt();
  static int received() { return received_; }

 private:
  static inline volatile std::sig_atomic_t received_ = 0;
};

/// From now on, what nobody can catch, such as an exception from a destructor or in another thread, is said in one
/// line.
void tell_of_terminations();

/// From now on, whoever ends the process is told of. The last one that asks is the first to run, before what was set up
/// by then is torn down; so this is said again once there is more of that, each time but the first few for nothing.
/// While a Printed lives, it is not: the process is that of the program that calls.
void tell_of_exits();

/// Keeps stdout for print(): whatever else writes there, such as a plugin, writes to stderr from now on. Files 0 to 2
/// are there from now on, so that no other file is taken for one of them.
void keep_stdout();

/// Writes data to stdout at once. Throws FileError where it can't be written (a full disk). While a Printed lives, it
/// is added to that instead.
void print(const std::string& text);

/// What a command prints, for a program that calls one.
class Printed {
 public:
  Printed();
  Printed(const Printed&) = delete;
  Printed& operator=(const Printed&) = delete;
  ~Printed();
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Does what main() does, or a worker: the one place where an error becomes a message and an exit code.
int exit_code_of(const std::function<int()>& work);

/// Ends the process at once: plugins are never unloaded, so nothing of theirs has to run at its end and can be in the
/// way.
[[noreturn]] void end_process(int code);

/// How a worker process ended.
struct WorkerEnd {
  int code = 0;            ///< its exit code, where it ended by itself
  int signal = 0;          ///< the signal that ended it, or 0
  bool timed_out = false;  ///< it was ended for its piece of work took too long
  double seconds = 0;      ///< since it began that piece of work

  /// "ended by signal 11 (Segmentation fault)"
  std::string text(double time_limit) const;
};

/// Does the work in a process that is forked off this one, which must have no other thread, and shares the black box
/// and stdout, and waits for its end: it is passed the interrupts that come, and is killed, with whatever it started,
/// where one piece of its work (a beat of the black box) takes longer than `time_limit` seconds a picture. It ends when
/// this process does. Throws Error where it can't be started.
WorkerEnd run_worker(const std::function<int()>& work, const SharedBlackBox& box, double time_limit);

/// To be called in a rank: a launcher that is killed leaves no rank at work behind.
void end_with_launcher();

}  // namespace faceoff
