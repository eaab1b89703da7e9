// faceoff new: a plugin's whole small project, which builds and runs as it is.
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
#include "base/suggest.hpp"
#include "cli/commands.hpp"
#include "cli/process.hpp"
#include "plugins/model_pool.hpp"
#include "plugins/plugin_library.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// What is to be made, by the word on the command line, which is also the name of the templates' folder.
Kind kind_named(const std::string& word) {
  const std::map<std::string, Kind> kinds = {
      {"loss", Kind::loss}, {"optimizer", Kind::optimizer}, {"augment", Kind::augmentation}, {"model", Kind::model}};
  const auto found = kinds.find(word);
  if (found != kinds.end()) return found->second;
  std::vector<std::string> words;
  for (const auto& [known, kind] : kinds) words.push_back(known);
  throw ConfigError("no kind of plugin '" + one_line(word, 64) + "': loss, optimizer, augment or model" +
                    did_you_mean(word, words));
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

/// As a word of a shell's command line.
std::string in_shell(const std::string& text) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '.' || c == '_' || c == '-';
  };
  if (std::ranges::all_of(text, plain)) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

/// The folder of the sample photos, where FACEOFF_MODELS or the set-up has them.
fs::path samples_folder() {
  std::vector<fs::path> folders;
  for (const fs::path& models : setup_on(at::kCPU).models) folders.push_back(fs::absolute(models) / "samples");
  std::error_code ignored;
  const auto found = std::ranges::find_if(
      folders, [&](const fs::path& folder) { return fs::exists(folder / "sample1.jpg", ignored); });
  if (found != folders.end()) return *found;
  std::cerr << "warning: no sample photos in " << one_line(folders.back().string(), PATH_MAX)
            << ": name others in the experiment, or fetch them with scripts/models\n";
  return folders.back();
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

std::map<std::string, std::string> project(const std::string& word, const std::string& name) {
  std::error_code ignored;
  const fs::path executable = fs::read_symlink("/proc/self/exe", ignored);
  const fs::path prefix = executable.parent_path().parent_path();
  const fs::path templates = prefix / "share" / "faceoff" / "templates";
  const fs::path samples = samples_folder();
  const Values values = {{"NAME", name},
                         {"CLASS", class_name(name)},
                         {"KIND", to_string(kind_named(word))},
                         {"PREFIX", in_cmake(prefix.string())},
                         {"FACEOFF", in_shell(executable.string())},
                         {"PICTURE", to_toml((samples / "sample1.jpg").string())},
                         {"OTHER_PICTURE", to_toml((samples / "sample2.jpg").string())}};
  const std::map<std::string, std::string> sources = {{name + ".cpp", word + "/plugin.cpp.in"},
                                                      {name + ".toml", word + "/experiment.toml.in"},
                                                      {"CMakeLists.txt", "project/CMakeLists.txt.in"},
                                                      {"README.md", "project/README.md.in"}};
  constexpr std::size_t largest = 1U << 20U;
  std::map<std::string, std::string> files;
  for (const auto& [file, source] : sources) {
    const std::vector<std::uint8_t> bytes = read_file(templates / source, largest);
    files[file] = filled(std::string(bytes.begin(), bytes.end()), values);
  }
  return files;
}

int make(const Arguments& given) {
  const std::string word = given.text("kind");
  const std::string name = given.text("name");
  const Kind kind = kind_named(word);
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
  require_new(kind, name);

  write_folder(folder, project(word, name));
  print(folder.string() + "\n");
  const std::string where = in_shell(folder.string());
  std::cerr << "It builds and runs as it is, and " << path << "/README.md says more:\n  cmake -G Ninja -S " << where
            << " -B " << where << "/build && cmake --build " << where << "/build && ctest --test-dir " << where
            << "/build\n";
  return static_cast<int>(ExitCode::done);
}

}  // namespace

Command new_command() {
  return Command("faceoff new loss|optimizer|augment|model NAME", "Makes a plugin's project, ready to build and run.",
                 make)
      .operand("kind", 1)
      .operand("name", 1)
      .needs({"kind", "name"}, "new needs a kind and a name")
      .text("in", "where to make the folder NAME; else where you are");
}

}  // namespace faceoff
