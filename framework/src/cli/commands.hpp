#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"

namespace faceoff {

// The commands, by what follows `faceoff` on the command line.

Command run_command();
Command merge_command();
Command detect_command();
Command embed_command();
Command verify_command();
Command evaluate_command();
Command compare_command();
Command calibrate_command();
Command plugins_command();
/// faceoff plugins check FILE
Command check_command();
Command new_command();

/// What a worker does in the place of `faceoff run`: the items that are left of a run.
int run_in_worker(const std::vector<std::string>& args);
/// And of `faceoff plugins check`: the checks of a library; `sets`: PLUGIN.KEY=VALUE.
int check_in_worker(const std::string& file, const std::vector<std::string>& sets);

}  // namespace faceoff
