#include "plugins/plugin_library.hpp"

#include <faceoff/augmentation.hpp>
#include <faceoff/loss.hpp>
#include <faceoff/model.hpp>
#include <faceoff/optimizer.hpp>

#include "base/files.hpp"
#include "base/one_line.hpp"
#include "plugins/black_box.hpp"
#include "plugins/call_plugin.hpp"

#define BOOST_DLL_USE_STD_FS
#include <boost/core/demangle.hpp>
#include <boost/dll/shared_library.hpp>
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <system_error>
#include <type_traits>

namespace faceoff {

namespace {

namespace fs = std::filesystem;

constexpr const char* handshake_symbol = "faceoff_handshake";

/// Takes what a library registers; nothing of it counts before all of it is checked.
class Staging : public Registrar {
 public:
  using Registrar::add;
  void add(PluginInfo info) override { plugins.push_back(std::move(info)); }

  std::vector<PluginInfo> plugins;
};

const std::string rebuild = "; rebuild with the Face/Off SDK of API " + std::to_string(Handshake::current_api);

/// The handshake in the file, if the library fits this host.
Handshake read_handshake(const LibraryFile& library) {
  static_assert(std::is_trivially_copyable_v<Handshake>);
  const auto section = library.section(handshake_section);
  if (!section) {
    throw PluginError("it has no Face/Off handshake: it is not a Face/Off plugin (FACEOFF_PLUGINS makes it one)");
  }
  const Handshake host;
  Handshake plugin;
  if (section->size() < sizeof plugin.magic ||
      std::memcmp(section->data(), host.magic.data(), sizeof host.magic) != 0) {
    throw PluginError("its handshake has a wrong magic number: it is not a Face/Off plugin");
  }
  std::memcpy(&plugin, section->data(), std::min(section->size(), sizeof plugin));
  // Of another version only magic, size and API can be read.
  if (plugin.api != host.api)
    throw PluginError(c10::str("it was built for API ", plugin.api, ", the host has ", host.api, rebuild));
  if (plugin.size != host.size || section->size() < host.size)
    throw PluginError(c10::str("its handshake has the size ", plugin.size, " in ", section->size(),
                               " bytes, the host's has ", host.size, rebuild));
  const std::string different = mismatches(host, plugin);
  if (!different.empty()) {
    throw PluginError("it does not fit this host: " + different + rebuild + " and LibTorch " +
                      host.torch_version.data());
  }
  return plugin;
}

/// Why the dynamic loader refused the file, without the file's name, which the message has already.
std::string loader_error(const fs::path& file) {
  const char* const error = ::dlerror();
  std::string text = error == nullptr ? "unknown error" : error;
  const std::string prefix = file.string() + ": ";
  if (text.starts_with(prefix)) text.erase(0, prefix.size());
  constexpr std::string_view undefined = "undefined symbol: ";
  if (text.starts_with(undefined))
    text = std::string(undefined) + boost::core::demangle(text.c_str() + undefined.size());
  return one_line(text);
}

/// Maps the library for good: objects, exceptions and strings of a plugin live anywhere in the process, so nothing is
/// ever unloaded (NODELETE). NOW: a missing symbol shows here and not in the middle of an attack.
boost::dll::shared_library open_library(const fs::path& file) {
  constexpr auto mode = static_cast<boost::dll::load_mode::type>(RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  // Boost's own exception adds "Bad file descriptor" to whatever the loader says.
  std::error_code failed;
  boost::dll::shared_library library(file, failed, mode);
  if (failed) throw PluginError("it can't be loaded: " + loader_error(file));
  return library;
}

void register_plugins(const fs::path& file, const Handshake& from_file, Registrar& registrar) {
  const boost::dll::shared_library library = open_library(file);
  if (!library.has(handshake_symbol) ||
      std::memcmp(&library.get<const Handshake>(handshake_symbol), &from_file, sizeof from_file) != 0) {
    throw PluginError("its handshake in memory is not the one in its file" + rebuild);
  }
  if (!library.has(entry_point)) {
    throw PluginError("it has no entry point " + std::string(entry_point) + " (FACEOFF_PLUGINS makes it)");
  }
  try {
    library.get<void(Registrar&)>(entry_point)(registrar);
  } catch (...) {
    throw PluginError("it throws while registering: " + what_was_thrown());
  }
}

bool is_of_its_kind(Kind kind, const Plugin& plugin) {
  return kind == Kind::model       ? dynamic_cast<const Model*>(&plugin) != nullptr
         : kind == Kind::loss      ? dynamic_cast<const Loss*>(&plugin) != nullptr
         : kind == Kind::optimizer ? dynamic_cast<const Optimizer*>(&plugin) != nullptr
                                   : dynamic_cast<const Augmentation*>(&plugin) != nullptr;
}

}  // namespace

std::string to_string(const BrokenPlugin& broken) {
  return one_line(broken.file.string()) + " can't be used: " + broken.message;
}

PluginLibrary::PluginLibrary(std::span<const fs::path> places) {
  for (const fs::path& folder : places) {
    if (is_callers(folder)) {
      load_file(folder);
      continue;
    }
    std::set<fs::path> files;
    try {
      for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".so") files.insert(entry.path());
      }
    } catch (const fs::filesystem_error& error) {
      throw ConfigError("plugin folder " + one_line(folder.string()) + " can't be read: " + error.code().message());
    }
    for (const fs::path& file : files) load_file(file);
  }
  if (Caller* const caller = Caller::here()) take(caller->plugins());
}

void PluginLibrary::check_new(const std::vector<PluginInfo>& infos) const {
  check_registered(infos);
  for (const PluginInfo& info : infos) {
    if (const PluginInfo* const there = find(info.kind, info.name))
      throw PluginError("its " + describe(info) + " is already registered by " + one_line(file_of(*there).string()));
  }
}

void PluginLibrary::take(std::vector<OwnPlugin> plugins) {
  for (OwnPlugin& own : plugins) {
    try {
      check_new({own.info});
    } catch (const PluginError& error) {
      broken_.push_back({own.origin, error.what(), {own.info.name}});
      continue;
    }
    Key key(own.info.kind, own.info.name);
    plugins_.emplace(std::move(key), Entry{std::move(own.info), std::move(own.origin), std::move(own.sha256)});
  }
}

void PluginLibrary::load_callers(const fs::path& file) {
  const Doing doing("file " + file.string());
  try {
    take(Caller::here()->load(file));
  } catch (const PluginError& error) {
    broken_.push_back({file, error.what(), {}});
  }
}

void PluginLibrary::load_file(const fs::path& file) {
  if (is_callers(file) && Caller::here() != nullptr) return load_callers(file);
  const Doing doing("library " + file.string());
  Staging staging;
  const auto broken = [&](const std::string& why) {
    broken_.push_back({file, why, {}});
    for (const PluginInfo& info : staging.plugins) broken_.back().names.push_back(info.name);
  };
  try {
    const LibraryFile library(file);
    if (!seen_.insert(library.identity()).second) return;
    register_plugins(file, read_handshake(library), staging);
    check_new(staging.plugins);
  } catch (const PluginError& error) {
    return broken(error.what());
  } catch (...) {
    return broken("it can't be loaded: " + what_was_thrown());
  }
  for (PluginInfo& info : staging.plugins) {
    Key key(info.kind, info.name);
    plugins_.emplace(std::move(key), Entry{std::move(info), file, {}});
  }
}

const PluginInfo* PluginLibrary::find(Kind kind, std::string_view name) const {
  const auto found = plugins_.find(Key(kind, name));
  return found == plugins_.end() ? nullptr : &found->second.info;
}

std::vector<const PluginInfo*> PluginLibrary::all() const {
  std::vector<const PluginInfo*> infos;
  for (const auto& [key, entry] : plugins_) infos.push_back(&entry.info);
  return infos;
}

std::vector<std::string> PluginLibrary::names(Kind kind) const {
  std::vector<std::string> names;
  for (const auto& [key, entry] : plugins_) {
    if (key.first == kind) names.push_back(key.second);
  }
  return names;
}

const fs::path& PluginLibrary::file_of(const PluginInfo& info) const {
  return plugins_.at(Key(info.kind, info.name)).file;
}

std::string PluginLibrary::sha256_of(const PluginInfo& info) const {
  const Entry& entry = plugins_.at(Key(info.kind, info.name));
  return entry.sha256.empty() ? sha256_file(entry.file) : entry.sha256;
}

std::string PluginLibrary::why_missing(std::string_view name) const {
  for (const BrokenPlugin& broken : broken_) {
    const std::string stem = broken.file.stem().string();
    if (stem == name || stem == "lib" + std::string(name) ||
        std::ranges::find(broken.names, name) != broken.names.end()) {
      return to_string(broken);
    }
  }
  return "";
}

std::unique_ptr<Plugin> PluginLibrary::create(const PluginInfo& info) const {
  const auto refuse = [&](const std::string& reason) {
    throw PluginError(describe(info) + " in " + one_line(file_of(info).string()) + " can't be used: " + reason);
  };
  const Doing doing(describe(info));
  std::unique_ptr<Plugin> plugin;
  try {
    plugin.reset(info.create());
  } catch (...) {
    refuse("its factory throws: " + what_was_thrown());
  }
  if (!plugin) refuse("its factory returns nothing");
  if (!is_of_its_kind(info.kind, *plugin)) refuse("its factory makes something else");
  return plugin;
}

std::vector<fs::path> plugin_folders(const std::vector<std::string>& from_command_line) {
  std::vector<fs::path> folders;
  std::set<fs::path> seen;
  std::error_code ignored;
  const auto add = [&](const fs::path& folder, const std::string& by) {
    const std::string shown = "'" + one_line(folder.string()) + "'";
    if (!fs::exists(folder, ignored)) throw ConfigError(by + ": no folder " + shown);
    if (is_callers(folder) && Caller::here() == nullptr)
      throw ConfigError(by + ": " + shown + " is Python, which the faceoff of the Python package runs: pip install it");
    if (!fs::is_directory(folder, ignored) && !is_callers(folder))
      throw ConfigError(by + ": " + shown + " is a file, not a folder of plugins");
    if (seen.insert(fs::weakly_canonical(folder, ignored)).second) folders.push_back(folder);
  };
  for (const std::string& folder : from_command_line) add(folder, "--plugin-path");
  const char* const variable = std::getenv("FACEOFF_PLUGIN_PATH");
  std::istringstream named(variable == nullptr ? "" : variable);
  for (std::string folder; std::getline(named, folder, ':');) {
    if (!folder.empty()) add(folder, "FACEOFF_PLUGIN_PATH");
  }
  const fs::path standard = installation() / "lib" / "faceoff" / "plugins";
  if (fs::is_directory(standard, ignored)) add(standard, installation().string());
  return folders;
}

}  // namespace faceoff
