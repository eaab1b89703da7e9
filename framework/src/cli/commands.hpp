#pragma once

#include <string>
#include <vector>

namespace faceoff {

// The commands: each takes what follows its name on the command line and returns the exit code. What goes wrong is
// thrown as a faceoff::Error.

/// faceoff run EXPERIMENT.toml
int run_command(std::vector<std::string> args);
/// faceoff plugins [NAME]
int plugins_command(std::vector<std::string> args);

}  // namespace faceoff
