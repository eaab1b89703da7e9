// faceoff: attacks pictures so that the people on them are not found or not recognised.
#include <faceoff/error.hpp>

#include <malloc.h>

#include <csignal>
#include <string>
#include <vector>

#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "cli/commands.hpp"
#include "cli/process.hpp"

namespace {

struct Entry {
  std::string name, summary;
  faceoff::Command (*command)();
};

const std::vector<Entry> commands = {
    {"run", "attack pictures as an experiment says", faceoff::run_command},
    {"merge", "put the parts of a run that jobs did by themselves together", faceoff::merge_command},
    {"detect", "find the faces of pictures", faceoff::detect_command},
    {"embed", "embed the faces of people", faceoff::embed_command},
    {"verify", "say whether two pictures show the same person", faceoff::verify_command},
    {"evaluate", "judge what was delivered: outcomes, similarities, detections", faceoff::evaluate_command},
    {"compare", "compare variants of runs, pair by pair: tables with intervals and tests", faceoff::compare_command},
    {"calibrate", "measure embedders' thresholds on a folder of people", faceoff::calibrate_command},
    {"plugins", "list the plugins, or show one's parameters", faceoff::plugins_command},
    {"new", "make a plugin's project, ready to build and run", faceoff::new_command},
};

std::string usage() {
  std::string text = "faceoff COMMAND [ARGUMENT]…\n\n";
  for (const Entry& one : commands)
    text += "  " + one.name + std::string(11 - one.name.size(), ' ') + one.summary + "\n";
  return text + "\nfaceoff COMMAND --help shows what a command takes; faceoff --version which version this is.\n";
}

int dispatch(const std::vector<std::string>& args) {
  if (args.empty()) throw faceoff::ConfigError("no command\n" + usage());
  if (args.front() == "--version") {
    faceoff::print("faceoff " FACEOFF_VERSION "\n");
    return 0;
  }
  if (args.front() == "--help" || args.front() == "-h" || args.front() == "help") {
    faceoff::print(usage());
    return 0;
  }
  const std::vector<std::string> more(args.begin() + 1, args.end());
  if (args.front() == "plugins" && !more.empty() && more.front() == "check")
    return faceoff::check_command().run({more.begin() + 1, more.end()});
  std::vector<std::string> names;
  for (const Entry& one : commands) {
    if (one.name == args.front()) return one.command().run(more);
    names.push_back(one.name);
  }
  throw faceoff::ConfigError("no command '" + faceoff::one_line(args.front()) + "'" +
                             faceoff::did_you_mean(args.front(), names) + "\n" + usage());
}

}  // namespace

int main(int argc, char** argv) {
  // A network asks for the same large tensors again and again: giving them back to the system each time, and getting
  // them zeroed page by page, takes longer than some of its layers.
  constexpr int large = 1 << 30;
  ::mallopt(M_MMAP_THRESHOLD, large);
  ::mallopt(M_TRIM_THRESHOLD, large);
  std::signal(SIGXFSZ, SIG_IGN);  // a file that grows beyond the limit is an error of writing, with its message
  faceoff::tell_of_terminations();
  faceoff::tell_of_exits();
  faceoff::end_process(faceoff::exit_code_of([&] {
    faceoff::keep_stdout();
    return dispatch({argv + 1, argv + argc});
  }));
}
