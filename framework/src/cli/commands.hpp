#pragma once

#include <string>
#include <vector>

namespace faceoff {

// The commands: each takes what follows its name on the command line and returns the exit code. What goes wrong is
// thrown as a faceoff::Error.

/// faceoff run EXPERIMENT.toml
int run_command(std::vector<std::string> args);
/// faceoff worker BOX run LOST …, faceoff worker BOX check FILE: what the commands start that isolate plugins.
int worker_command(std::vector<std::string> args);
/// The items that are left of a run; `lost`: why the first of them was not done.
int run_in_worker(const std::string& lost, const std::vector<std::string>& args);
/// The checks of a plugin library.
int check_in_worker(const std::string& file);
/// faceoff plugins check FILE
int check_command(const std::vector<std::string>& args);
/// faceoff plugins [NAME]
int plugins_command(std::vector<std::string> args);
/// faceoff new KIND NAME
int new_command(std::vector<std::string> args);

}  // namespace faceoff
