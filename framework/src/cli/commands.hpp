#pragma once

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

}  // namespace faceoff
