// faceoff help: a command's help, a topic with examples, or the manual as a page of man.
#include <faceoff/error.hpp>

#include <boost/algorithm/string/replace.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "cli/commands.hpp"
#include "cli/process.hpp"

namespace faceoff {

namespace {

struct Topic {
  std::string_view name, text;
};

constexpr std::array topics = {
    Topic{"experiments", R"(An experiment is a TOML file: what is attacked, with which models, losses and optimizer.

  faceoff new experiment mine            write one to begin with
  faceoff config check mine.toml         what is wrong with it, with line and column
  faceoff run mine.toml --dry-run        what would be done, and how long it may take
  faceoff run mine.toml --out runs/mine  do it
  faceoff run mine.toml --out runs/mine --resume         go on where it was stopped
  faceoff run mine.toml --set attack.epsilon=16          with another value
  faceoff evaluate runs/mine             what models that were not attacked say of it; runs/mine/report.html
  faceoff compare runs/one runs/other    which does better, with intervals and tests

docs/writing-an-experiment.md explains every key; experiments/ has examples.
)"},
    Topic{"exit-codes", R"(0    done
1    done, but some items failed, or nothing could be changed in them
2    the command line or the experiment is wrong; nothing was done
3    a plugin that the experiment names can't be used
4    a file can't be read or written
130  interrupted by Ctrl-C; what was finished is saved
143  ended by SIGTERM; what was finished is saved
)"},
    Topic{"variables", R"(FACEOFF_MODELS       a folder that weights are looked for in first
FACEOFF_PLUGIN_PATH  folders with more plugins, with ':' between them
FACEOFF_CACHE        where embeddings of people are kept; else ~/.cache/faceoff
OMP_NUM_THREADS      threads of a process; else a core each
OMP_WAIT_POLICY      how threads wait; where it is unset they soon sleep
)"}};

/// In a page of man a line must not begin with a point, and a backslash begins an escape.
std::string in_man(const std::string& text) {
  std::string escaped = boost::algorithm::replace_all_copy(text, "\\", "\\e");
  boost::algorithm::replace_all(escaped, "-", "\\-");
  boost::algorithm::replace_all(escaped, "\n.", "\n\\&.");
  return escaped;
}

std::string manual() {
  std::string text = ".TH FACEOFF 1 \"\" \"faceoff " FACEOFF_VERSION
                     "\"\n.SH NAME\nfaceoff \\- attacks pictures so that "
                     "the people on them are not found or not recognised\n.SH SYNOPSIS\n.B faceoff\nCOMMAND "
                     "[ARGUMENT]...\n.SH COMMANDS\n";
  for (const CommandEntry& one : all_commands()) {
    const Command command = one.command();
    text += ".SS " + in_man(command.usage()) + "\n" + in_man(command.about()) + "\n";
    for (const Command::Option& option : command.options())
      text += ".TP\n.B \\-\\-" + in_man(option.name) + "\n" + in_man(option.about) + "\n";
  }
  for (const Topic& topic : topics)
    text += ".SH \"" + in_man(std::string(topic.name)) + "\"\n.nf\n" + in_man(std::string(topic.text)) + ".fi\n";
  return text;
}

int help(const Arguments& given) {
  if (!given.has("topic")) {
    print(usage_of_all());
    return static_cast<int>(ExitCode::done);
  }
  const std::string& name = given.text("topic");
  std::vector<std::string> known = {"man"};
  for (const CommandEntry& one : all_commands()) {
    if (one.name == name) return one.command().run({"--help"});
    known.push_back(one.name);
  }
  for (const Topic& topic : topics) {
    known.emplace_back(topic.name);
    if (topic.name != name) continue;
    print(std::string(topic.text));
    return static_cast<int>(ExitCode::done);
  }
  if (name != "man") {
    throw ConfigError("no help on '" + one_line(name, 64) + "': a command, experiments, exit-codes, variables or man" +
                      did_you_mean(name, known));
  }
  print(manual());
  return static_cast<int>(ExitCode::done);
}

}  // namespace

Command help_command() {
  return Command("faceoff help [COMMAND|TOPIC]",
                 "Explains a command, or a topic: experiments, exit-codes, variables.\n"
                 "faceoff help man prints the manual for man: faceoff help man | man -l -",
                 help)
      .operand("topic", 1);
}

}  // namespace faceoff
