// faceoff completions: what a shell needs to complete commands, options and files.
#include <faceoff/error.hpp>

#include <boost/algorithm/string/replace.hpp>

#include <map>
#include <string>
#include <vector>

#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "base/shell.hpp"
#include "base/suggest.hpp"
#include "cli/commands.hpp"
#include "cli/process.hpp"

namespace faceoff {

namespace {

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const CommandEntry& one : all_commands()) names.push_back(one.name);
  return names;
}

/// As one word.
std::string quoted(const std::string& text) {
  return in_shell(one_line(text));
}

/// Words after the command are its options where a dash is typed, else files.
std::string bash() {
  std::string text =
      "# source <(faceoff completions bash)\n_faceoff() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} words\n"
      "  if ((COMP_CWORD == 1)); then\n    words='" +
      joined(command_names(), " ") + " --help --version'\n  else\n    case ${COMP_WORDS[1]} in\n";
  for (const CommandEntry& one : all_commands()) {
    std::vector<std::string> options;
    for (const Command::Option& option : one.command().options()) options.push_back("--" + option.name);
    text += "      " + one.name + ") words='" + joined(options, " ") + "' ;;\n";
  }
  return text +
         "    esac\n    [[ $word == -* ]] || words=\n  fi\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n"
         "complete -o default -o bashdefault -F _faceoff faceoff\n";
}

std::string zsh() {
  // In a specification a colon and a bracket have a meaning.
  const auto escaped = [](std::string word) {
    for (const char* special : {"\\", ":", "[", "]"})
      boost::algorithm::replace_all(word, special, std::string("\\") + special);
    return word;
  };
  std::string text =
      "#compdef faceoff\n# faceoff completions zsh > a folder of $fpath/_faceoff\n"
      "_faceoff() {\n  local -a commands=(\n";
  for (const CommandEntry& one : all_commands()) text += "    " + quoted(one.name + ":" + escaped(one.summary)) + "\n";
  text +=
      "  )\n  if ((CURRENT == 2)); then\n    _describe command commands\n    return\n  fi\n"
      "  local command=${words[2]}\n  shift words\n  ((CURRENT--))\n  case $command in\n";
  for (const CommandEntry& one : all_commands()) {
    text += "    " + one.name + ") _arguments";
    for (const Command::Option& option : one.command().options()) {
      text += " \\\n      " + quoted("*--" + option.name + "[" + escaped(option.about) + "]" +
                                     (option.takes_value ? ":value:_files" : ""));
    }
    text += " \\\n      '*:file:_files' ;;\n";
  }
  return text + "  esac\n}\n_faceoff \"$@\"\n";
}

std::string fish() {
  std::string text = "# faceoff completions fish > ~/.config/fish/completions/faceoff.fish\n";
  for (const CommandEntry& one : all_commands())
    text += "complete -c faceoff -n __fish_use_subcommand -f -a " + one.name + " -d " + quoted(one.summary) + "\n";
  for (const CommandEntry& one : all_commands()) {
    for (const Command::Option& option : one.command().options()) {
      text += "complete -c faceoff -n '__fish_seen_subcommand_from " + one.name + "' -l " + option.name +
              (option.takes_value ? " -r" : "") + " -d " + quoted(option.about) + "\n";
    }
  }
  return text;
}

int completions(const Arguments& given) {
  const std::map<std::string, std::string (*)()> shells = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
  const std::string& name = given.text("shell");
  const auto shell = shells.find(name);
  if (shell == shells.end()) {
    std::vector<std::string> names;
    for (const auto& [known, make] : shells) names.push_back(known);
    throw ConfigError("no completions for '" + one_line(name, 64) + "': bash, zsh or fish" + did_you_mean(name, names));
  }
  print(shell->second());
  return static_cast<int>(ExitCode::done);
}

}  // namespace

Command completions_command() {
  return Command("faceoff completions bash|zsh|fish",
                 "Prints what the shell needs to complete commands and options.\n"
                 "For bash: source <(faceoff completions bash)",
                 completions)
      .operand("shell", 1, "completions needs a shell: bash, zsh or fish");
}

}  // namespace faceoff
