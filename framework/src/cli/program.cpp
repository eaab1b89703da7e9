#include "cli/program.hpp"

#include <faceoff/error.hpp>

#include <csignal>

#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "cli/commands.hpp"
#include "cli/process.hpp"

namespace faceoff {

int call_command(const std::vector<std::string>& args) {
  if (args.empty()) throw ConfigError("no command\n" + usage_of_all());
  if (args.front() == "--version") {
    print("faceoff " FACEOFF_VERSION "\n");
    return 0;
  }
  if (args.front() == "--help" || args.front() == "-h") {
    print(usage_of_all());
    return 0;
  }
  const std::vector<std::string> more(args.begin() + 1, args.end());
  if (args.front() == "plugins" && !more.empty() && more.front() == "check")
    return check_command().run({more.begin() + 1, more.end()});
  std::vector<std::string> names;
  for (const CommandEntry& one : all_commands()) {
    if (one.name == args.front()) return one.command().run(more);
    names.push_back(one.name);
  }
  throw ConfigError("no command '" + one_line(args.front()) + "'" + did_you_mean(args.front(), names) + "\n" +
                    usage_of_all());
}

void be_program(const std::vector<std::string>& args) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that grows beyond the limit is an error of writing, with its message
  tell_of_terminations();
  tell_of_exits();
  end_process(exit_code_of([&] {
    keep_stdout();
    return call_command(args);
  }));
}

}  // namespace faceoff
