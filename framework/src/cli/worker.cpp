// faceoff worker: a part of another command in a process of its own, which a plugin may end.
#include "run/worker.hpp"

#include <faceoff/error.hpp>

#include "cli/commands.hpp"
#include "plugins/black_box.hpp"

namespace faceoff {

int worker_command(std::vector<std::string> args) {
  const auto refuse = [] { throw ConfigError("worker is what other commands start"); };
  if (args.size() < 3 || args[0].empty() || args[0].size() > 6 ||
      args[0].find_first_not_of("0123456789") != std::string::npos)
    refuse();
  SharedBlackBox::attach(std::stoi(args[0]));
  end_with_supervisor(BlackBox::here());
  if (args[1] == "run") return run_in_worker({args.begin() + 2, args.end()});
  if (args[1] == "check") return check_in_worker(args[2], {args.begin() + 3, args.end()});
  refuse();
  return static_cast<int>(ExitCode::usage);
}

}  // namespace faceoff
