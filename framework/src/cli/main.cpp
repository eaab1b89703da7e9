// faceoff: attacks pictures so that the people on them are not found or not recognised.
#include <faceoff/error.hpp>

#include <array>
#include <csignal>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "host/exception.hpp"
#include "host/suggest.hpp"

namespace {

struct Command {
  std::string name;
  std::string summary;
  std::function<int(std::vector<std::string>)> run;
};

const std::array<Command, 2>& commands() {
  static const std::array<Command, 2> all = {{
      {"run", "attack pictures as an experiment says", faceoff::run_command},
      {"plugins", "list the plugins, or show one's parameters", faceoff::plugins_command},
  }};
  return all;
}

std::string usage() {
  std::string text = "faceoff COMMAND [ARGUMENT]…\n\n";
  for (const Command& command : commands())
    text += "  " + command.name + std::string(10 - command.name.size(), ' ') + command.summary + "\n";
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
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (command.name == args.front()) return command.run({args.begin() + 1, args.end()});
    names.push_back(command.name);
  }
  throw faceoff::ConfigError("no command '" + faceoff::one_line(args.front()) + "'" +
                             faceoff::did_you_mean(args.front(), names) + "\n" + usage());
}

}  // namespace

/// The one place where an error becomes a message and an exit code.
int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that grows beyond the limit is an error of writing, with its message
  try {
    return dispatch({argv + 1, argv + argc});
  } catch (const faceoff::Error& error) {
    std::cerr << "faceoff: " << error.what() << '\n';
    return static_cast<int>(error.exit_code());
  } catch (...) {
    std::cerr << "faceoff: " << faceoff::what_was_thrown() << '\n';
    return static_cast<int>(faceoff::ExitCode::items_failed);
  }
}
