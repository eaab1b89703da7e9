#pragma once

#include <string>
#include <vector>

namespace faceoff {

/// Does what a command line asks for and returns the exit code; what goes wrong is thrown. `args`: what follows
/// `faceoff`.
int call_command(const std::vector<std::string>& args);

/// The same as all that a process does: it says what went wrong, and ends.
[[noreturn]] void be_program(const std::vector<std::string>& args);

}  // namespace faceoff
