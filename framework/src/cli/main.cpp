// faceoff: attacks pictures so that the people on them are not found or not recognised.
#include <faceoff/error.hpp>

#include <malloc.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "cli/commands.hpp"
#include "cli/process.hpp"
#include "plugins/black_box.hpp"
#include "plugins/call_plugin.hpp"

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

/// faceoff worker BOX run …, faceoff worker BOX check FILE [SET…]: a part of another command in a process of its own,
/// which a plugin may end.
int work(const std::vector<std::string>& args) {
  const bool box = args.size() >= 3 && !args[0].empty() && args[0].size() <= 6 &&
                   args[0].find_first_not_of("0123456789") == std::string::npos;
  if (!box || (args[1] != "run" && args[1] != "check"))
    throw faceoff::ConfigError("worker is what other commands start");
  faceoff::SharedBlackBox::attach(std::stoi(args[0]));
  faceoff::end_with_supervisor(faceoff::BlackBox::here());
  if (args[1] == "run") return faceoff::run_in_worker({args.begin() + 2, args.end()});
  return faceoff::check_in_worker(args[2], {args.begin() + 3, args.end()});
}

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
  if (args.front() == "worker") return work(more);
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

/// The one place where an error becomes a message and an exit code.
int run(const std::vector<std::string>& args) {
  try {
    faceoff::keep_stdout();
    return dispatch(args);
  } catch (const faceoff::Error& error) {
    // What is wrong with an experiment takes lines of its own; else a line break is part of a file's name.
    constexpr std::size_t longest = 3 * PATH_MAX;
    const bool lines = error.exit_code() == faceoff::ExitCode::usage;
    std::cerr << "faceoff: " << (lines ? error.what() : faceoff::one_line(error.what(), longest)) << '\n';
    return static_cast<int>(error.exit_code());
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << "faceoff: " << faceoff::one_line(error.path1().string(), PATH_MAX) << ": " << error.code().message()
              << '\n';
    return static_cast<int>(faceoff::ExitCode::files);
  } catch (...) {
    std::cerr << "faceoff: " << faceoff::what_was_thrown() << '\n';
    return static_cast<int>(faceoff::ExitCode::items_failed);
  }
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
  const int code = run({argv + 1, argv + argc});
  faceoff::BlackBox::here().code = code;
  ::_exit(code);  // plugins are never unloaded, so nothing of theirs has to run here and can be in the way
}
