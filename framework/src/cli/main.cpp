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

int dispatch(const std::vector<std::string>& args) {
  if (args.empty()) throw faceoff::ConfigError("no command\n" + faceoff::usage_of_all());
  if (args.front() == "--version") {
    faceoff::print("faceoff " FACEOFF_VERSION "\n");
    return 0;
  }
  if (args.front() == "--help" || args.front() == "-h") {
    faceoff::print(faceoff::usage_of_all());
    return 0;
  }
  const std::vector<std::string> more(args.begin() + 1, args.end());
  if (args.front() == "plugins" && !more.empty() && more.front() == "check")
    return faceoff::check_command().run({more.begin() + 1, more.end()});
  std::vector<std::string> names;
  for (const faceoff::CommandEntry& one : faceoff::all_commands()) {
    if (one.name == args.front()) return one.command().run(more);
    names.push_back(one.name);
  }
  throw faceoff::ConfigError("no command '" + faceoff::one_line(args.front()) + "'" +
                             faceoff::did_you_mean(args.front(), names) + "\n" + faceoff::usage_of_all());
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
