// faceoff new: a plugin's whole small project, which builds and runs as it is, or an experiment to begin with.
#include <faceoff/error.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <climits>
#include <filesystem>
#include <iostream>
#include <map>
#include <string_view>
#include <system_error>

#include "base/files.hpp"
#include "base/one_line.hpp"
#include "base/shell.hpp"
#include "base/suggest.hpp"
#include "cli/commands.hpp"
#include "cli/process.hpp"
#include "experiment/json_schema.hpp"
#include "plugins/caller.hpp"
#include "plugins/plugin_library.hpp"
#include "protect/preset.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

constexpr const char* experiment_word = "experiment";

/// What plugin is to be made, by the word on the command line, which is also the name of the templates' folder.
Kind kind_named(const std::string& word) {
  const std::map<std::string, Kind> kinds = {
      {"loss", Kind::loss}, {"optimizer", Kind::optimizer}, {"augment", Kind::augmentation}, {"model", Kind::model}};
  const auto found = kinds.find(word);
  if (found != kinds.end()) return found->second;
  std::vector<std::string> words;
  for (const auto& [known, kind] : kinds) words.push_back(known);
  words.emplace_back(experiment_word);
  throw ConfigError("nothing new is called '" + one_line(word, 64) +
                    "': loss, optimizer, augment, model or experiment" + did_you_mean(word, words));
}

/// A plugin's name is also a file's, a C++ class's and a CMake target's.
void require_name(const std::string& name) {
  constexpr std::size_t longest = 64;
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto allowed = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  const std::string shown = "'" + one_line(name, longest) + "'";
  if (name.empty() || name.size() > longest || !letter(name.front()) || !std::ranges::all_of(name, allowed)) {
    throw ConfigError(shown + " can't be a plugin's name: 1 to 64 of a-z, 0-9 and _, and a letter first");
  }
  // Targets that CMake's generators make, and those of LibTorch.
  static constexpr auto of_cmake =
      std::to_array<std::string_view>({"all", "clean", "depend", "edit_cache", "help", "install",
                                       "list_install_components", "package", "package_source", "rebuild_cache", "test",
                                       "c10", "c10_cuda", "torch", "torch_cpu", "torch_cuda", "torch_library"});
  if (std::ranges::find(of_cmake, name) != of_cmake.end())
    throw ConfigError(shown + " can't be a plugin's name: it is a target of the build's own");
  if (name == "check") throw ConfigError(shown + " can't be a plugin's name: 'faceoff plugins check' is a command");
}

/// A second plugin of the kind and name would be refused where both are found.
void require_new(Kind kind, const std::string& name) {
  const PluginLibrary library(plugin_folders({}));
  const PluginInfo* const there = library.find(kind, name);
  if (there == nullptr) return;
  throw ConfigError("the " + to_string(kind) + " '" + name + "' is there already, in " +
                    one_line(library.file_of(*there).string(), PATH_MAX) + ": take another name");
}

void require_folder(const std::string& folder) {
  std::error_code ignored;
  if (fs::is_directory(folder, ignored)) return;
  const std::string shown = "'" + one_line(folder, PATH_MAX) + "'";
  if (fs::exists(folder, ignored)) throw ConfigError("--in: " + shown + " is a file, not a folder");
  throw ConfigError("--in: no folder " + shown);
}

/// "softer_dodge" → "SofterDodge"
std::string class_name(const std::string& name) {
  std::string text;
  bool first = true;
  for (const char c : name) {
    if (c != '_') text += first ? static_cast<char>(std::toupper(c)) : c;
    first = c == '_';
  }
  return text;
}

/// Between the quotes of a CMake argument.
std::string in_cmake(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"' || c == '$' || c == ';') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// The folder of the sample photos; where they are not, it is said.
fs::path samples_folder_or_none() {
  const fs::path folder = samples_folder();
  std::error_code ignored;
  if (fs::exists(folder, ignored)) return folder;
  std::cerr << "warning: no sample photos in " << one_line(folder.string(), PATH_MAX)
            << ": name others in the experiment, or fetch them with scripts/models\n";
  return folder;
}

using Values = std::map<std::string, std::string, std::less<>>;

/// The text with each @WORD@ that has a value replaced by it.
std::string filled(std::string_view text, const Values& values) {
  std::string result;
  while (!text.empty()) {
    const std::size_t begin = std::min(text.find('@'), text.size());
    result += text.substr(0, begin);
    text.remove_prefix(begin);
    if (text.empty()) break;
    const std::size_t end = text.find('@', 1);
    const auto value = end == std::string_view::npos ? values.end() : values.find(text.substr(1, end - 1));
    result += value == values.end() ? "@" : value->second;
    text.remove_prefix(value == values.end() ? 1 : end + 1);
  }
  return result;
}

/// Writes the files into a new folder, which is there whole or not at all.
void write_folder(const fs::path& folder, const std::map<std::string, std::string>& files) {
  const fs::path parent = folder.has_parent_path() ? folder.parent_path() : fs::path(".");
  const NewFolder temporary(parent);
  const fs::path draft = temporary.path() / folder.filename();
  try {
    fs::create_directory(draft);
    for (const auto& [name, text] : files) write_atomically(draft / name, text);
    fs::rename(draft, folder);
  } catch (const fs::filesystem_error& error) {
    throw FileError(one_line(folder.string(), PATH_MAX) + ": cannot be written: " + error.code().message());
  } catch (const FileError& error) {
    std::string text = error.what();  // names the draft
    if (text.starts_with(draft.string())) text.replace(0, draft.string().size(), folder.string());
    throw FileError(one_line(text, PATH_MAX));
  }
}

/// The templates' files with the values in them, by the names that they get.
std::map<std::string, std::string> filled(const std::map<std::string, std::string>& templates, const Values& values) {
  constexpr std::size_t largest = 1U << 20U;
  std::map<std::string, std::string> files;
  for (const auto& [file, source] : templates) {
    const std::vector<std::uint8_t> bytes = read_file(shared_folder("templates") / source, largest);
    files[file] = filled(std::string(bytes.begin(), bytes.end()), values);
  }
  return files;
}

/// What both kinds of folders name: their own name and photos to try.
Values values_of(const std::string& name) {
  const fs::path samples = samples_folder_or_none();
  return {{"NAME", name},
          {"PICTURE", to_toml((samples / "sample1.jpg").string())},
          {"OTHER_PICTURE", to_toml((samples / "sample2.jpg").string())}};
}

std::map<std::string, std::string> project(const std::string& word, const std::string& name) {
  Values values = values_of(name);
  values.insert({{"CLASS", class_name(name)},
                 {"KIND", to_string(kind_named(word))},
                 {"PREFIX", in_cmake(installation().string())},
                 {"FACEOFF", in_shell((installation() / "bin" / "faceoff").string())}});
  return filled({{name + ".cpp", word + "/plugin.cpp.in"},
                 {name + ".toml", word + "/experiment.toml.in"},
                 {"CMakeLists.txt", "project/CMakeLists.txt.in"},
                 {"README.md", "project/README.md.in"}},
                values);
}

/// An experiment beside its schema, which editors check it with as it is written.
std::map<std::string, std::string> experiment(const std::string& name) {
  std::map<std::string, std::string> files =
      filled({{name + ".toml", "experiment/experiment.toml.in"}}, values_of(name));
  files["experiment.schema.json"] = to_text(experiment_schema(PluginLibrary(plugin_folders({}))), 2) + "\n";
  return files;
}

int make(const Arguments& given) {
  const std::string word = given.text("kind");
  const std::string name = given.text("name");
  const bool is_experiment = word == experiment_word;
  if (!is_experiment) kind_named(word);  // which refuses what is none
  require_name(name);
  fs::path folder = name;
  if (given.has("in")) {
    require_folder(given.text("in"));
    folder = given.text("in") / folder;
  }
  const std::string path = one_line(folder.string(), PATH_MAX);
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(folder, ignored)))
    throw ConfigError(path + ": is there already; nothing was changed");
  if (!is_experiment) require_new(kind_named(word), name);

  write_folder(folder, is_experiment ? experiment(name) : project(word, name));
  print(folder.string() + "\n");
  const std::string where = in_shell(folder.string());
  if (is_experiment) {
    std::cerr << "It runs as it is; faceoff help experiments says more:\n  faceoff run " << where << "/" << name
              << ".toml\n";
    return static_cast<int>(ExitCode::done);
  }
  std::cerr << "It builds and runs as it is, and " << path << "/README.md says more:\n  cmake -G Ninja -S " << where
            << " -B " << where << "/build && cmake --build " << where << "/build && ctest --test-dir " << where
            << "/build\n";
  return static_cast<int>(ExitCode::done);
}

}  // namespace

Command new_command() {
  return Command("faceoff new loss|optimizer|augment|model|experiment NAME",
                 "Makes a plugin's project, ready to build and run, or an experiment, ready to run.", make)
      .operand("kind", 1)
      .operand("name", 1)
      .needs({"kind", "name"}, "new needs what is to be made and a name")
      .text("in", "where to make the folder NAME; else where you are");
}

}  // namespace faceoff
