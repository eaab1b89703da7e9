#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"

namespace faceoff {

// The commands, by what follows `faceoff` on the command line.

Command run_command();
Command protect_command();
Command view_command();
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
Command config_command();
Command doctor_command();
Command completions_command();
Command help_command();

/// A command as help, completions and the manual list it.
struct CommandEntry {
  std::string name, summary;
  Command (*command)();
};
const std::vector<CommandEntry>& all_commands();

/// "faceoff COMMAND [ARGUMENT]…" and a line a command.
std::string usage_of_all();

}  // namespace faceoff
