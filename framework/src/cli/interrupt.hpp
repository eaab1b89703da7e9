#pragma once

#include <csignal>

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

}  // namespace faceoff
