#pragma once

#include <string>
#include <vector>

namespace faceoff {

// The commands: each takes what follows its name on the command line and returns the exit code. What goes wrong is
// thrown as a faceoff::Error.

/// faceoff run EXPERIMENT.toml
int run_command(std::vector<std::string> args);
/// faceoff worker BOX run …, faceoff worker BOX check FILE [SET…]: what the commands start that isolate plugins.
int worker_command(std::vector<std::string> args);
/// The items that are left of a run.
int run_in_worker(const std::vector<std::string>& args);
/// The checks of a plugin library; `sets`: PLUGIN.KEY=VALUE.
int check_in_worker(const std::string& file, const std::vector<std::string>& sets);
/// faceoff plugins check FILE
int check_command(const std::vector<std::string>& args);
/// faceoff merge PART… --out DIR
int merge_command(std::vector<std::string> args);
/// faceoff detect PICTURE…
int detect_command(std::vector<std::string> args);
/// faceoff embed PICTURE…|DIR
int embed_command(std::vector<std::string> args);
/// faceoff verify A B
int verify_command(std::vector<std::string> args);
/// faceoff calibrate --people DIR
int calibrate_command(std::vector<std::string> args);
/// faceoff evaluate RUN|FOLDER
int evaluate_command(std::vector<std::string> args);
/// faceoff compare RUN…
int compare_command(std::vector<std::string> args);
/// faceoff plugins [NAME]
int plugins_command(std::vector<std::string> args);
/// faceoff new KIND NAME
int new_command(std::vector<std::string> args);

}  // namespace faceoff
