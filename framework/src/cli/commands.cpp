#include "cli/commands.hpp"

namespace faceoff {

const std::vector<CommandEntry>& all_commands() {
  static const std::vector<CommandEntry> all = {
      {"run", "attack pictures as an experiment says", run_command},
      {"protect", "change photos so that the people on them are not recognised, without an experiment",
       protect_command},
      {"view", "show what was done to pictures as a page: before, after, and what each model says", view_command},
      {"merge", "put the parts of a run that jobs did by themselves together", merge_command},
      {"detect", "find the faces of pictures", detect_command},
      {"embed", "embed the faces of people", embed_command},
      {"verify", "say whether two pictures show the same person", verify_command},
      {"evaluate", "judge what was delivered: outcomes, similarities, detections", evaluate_command},
      {"compare", "compare variants of runs, pair by pair: tables with intervals and tests", compare_command},
      {"calibrate", "measure embedders' thresholds on a folder of people", calibrate_command},
      {"plugins", "list the plugins, or show one's parameters", plugins_command},
      {"new", "make a plugin's project or an experiment, ready to run", new_command},
      {"config", "check an experiment, show its values, or print a schema for editors", config_command},
      {"doctor", "look whether everything is here and works", doctor_command},
      {"completions", "print completions for bash, zsh or fish", completions_command},
      {"help", "explain a command or a topic", help_command},
  };
  return all;
}

std::string usage_of_all() {
  constexpr std::size_t column = 13;
  std::string text = "faceoff COMMAND [ARGUMENT]…\n\n";
  for (const CommandEntry& one : all_commands())
    text += "  " + one.name + std::string(column - one.name.size(), ' ') + one.summary + "\n";
  return text +
         "\nfaceoff COMMAND --help shows what a command takes, faceoff help TOPIC explains experiments, exit-codes "
         "or variables; faceoff --version which version this is.\n";
}

}  // namespace faceoff
