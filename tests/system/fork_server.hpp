#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

/// Starting the program is loading LibTorch, half a second each time, which is most of what a short test takes. So it
/// is loaded once a test process, and stopped before its main(): from there each call is a fork (a fork server, as
/// fuzzers have them: M. Zalewski, AFL).
namespace system_test::fork_server {

/// Of the server alone: the socket on which it takes calls.
inline constexpr int socket_file = 3;

/// What a call is: a datagram of texts that end with NUL, where those of the environment are NAME=VALUE, or NAME for a
/// variable that is not to be there, and an empty one ends them.
struct Call {
  std::string folder, out, err;
  std::map<std::string, std::optional<std::string>> environment;
  std::vector<std::string> command;
};

/// The process of a forked program, as if this process had started it: it can be waited for.
/// Throws std::system_error.
int start(const Call& call);

}  // namespace system_test::fork_server
