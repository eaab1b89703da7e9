#pragma once

#include <csignal>
#include <string>

namespace faceoff {

/// The first Ctrl-C (or SIGTERM) lets the item finish, the second one ends the process.
class Interrupt {
 public:
  Interrupt() {
    struct sigaction action {};
    action.sa_handler = [](int signal) {
      received_ = signal;
      ::signal(SIGINT, SIG_DFL);
      ::signal(SIGTERM, SIG_DFL);
    };
    action.sa_flags = SA_RESTART;  // a write under way goes on
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
  }
  static int received() { return received_; }

 private:
  static inline volatile std::sig_atomic_t received_ = 0;
};

/// From now on, what nobody can catch, such as an exception from a destructor or in another thread, is said in one
/// line.
void tell_of_terminations();

/// From now on, whoever ends the process is told of. The last one that asks is the first to run, before what was set up
/// by then is torn down; so this is said again once there is more of that, each time but the first few for nothing.
void tell_of_exits();

/// Keeps stdout for print(): whatever else writes there, such as a plugin, writes to stderr from now on. Files 0 to 2
/// are there from now on, so that no other file is taken for one of them.
void keep_stdout();
/// The file that print() writes to.
int kept_stdout();

/// Writes data to stdout at once. Throws FileError where it can't be written (a full disk).
void print(const std::string& text);

}  // namespace faceoff
