#pragma once

#include <faceoff/plugin.hpp>
#include <faceoff/schema.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/caller.hpp"
#include "plugins/elf.hpp"

namespace faceoff {

/// "loss 'similarity'", fit for a message whatever the plugin calls itself.
std::string describe(const PluginInfo& info);

/// Checks what a library registered: names, parameters, defaults and factories, and that nothing is there twice. What
/// is wrong is thrown as a PluginError that tells of "it", the library.
void check_registered(const std::vector<PluginInfo>& plugins);

/// A library that can't be used. It is told of where an experiment names it, and is a line of warning elsewhere.
struct BrokenPlugin {
  std::filesystem::path file;
  std::string message;             ///< tells of "it", the file: "it is empty"
  std::vector<std::string> names;  ///< of the plugins that it would have had, as far as it got
};

/// "FILE can't be used: it is empty"
std::string to_string(const BrokenPlugin& broken);

/// Every plugin that the host can create. A library is in here whole, or it is broken and none of it is.
class PluginLibrary {
 public:
  PluginLibrary() = default;
  /// Loads every *.so in the folders, in order, by name within a folder, and has the caller load what of `places` is a
  /// file of its own; the plugins that the caller has are there too. A broken file is remembered, not thrown.
  explicit PluginLibrary(std::span<const std::filesystem::path> places);

  /// A library, or a file of the caller's. A library that was seen before, by whatever name, is passed over.
  void load_file(const std::filesystem::path& file);

  /// Null where there is none. It stays where it is as long as this lives.
  const PluginInfo* find(Kind kind, std::string_view name) const;
  /// By kind and name.
  std::vector<const PluginInfo*> all() const;
  std::vector<std::string> names(Kind kind) const;
  /// Its library, or where a plugin of the caller is from.
  const std::filesystem::path& file_of(const PluginInfo& info) const;
  /// Of its code.
  std::string sha256_of(const PluginInfo& info) const;
  const std::vector<BrokenPlugin>& broken() const { return broken_; }

  /// For a name that find() does not know: "FILE can't be used: …" where that is because its library is broken (a
  /// PluginError then), else empty.
  std::string why_missing(std::string_view name) const;

  /// A new plugin; it is a Model, Loss, Optimizer or Augmentation as its kind says. Throws PluginError.
  std::unique_ptr<Plugin> create(const PluginInfo& info) const;

 private:
  using Key = std::pair<Kind, std::string>;
  struct Entry {
    PluginInfo info;
    std::filesystem::path file;
    std::string sha256;  ///< of a plugin of the caller; of a library it is its file's
  };

  /// Has the caller load a file of its own.
  void load_callers(const std::filesystem::path& file);
  /// Throws PluginError where one of them is no plugin, or is there already.
  void check_new(const std::vector<PluginInfo>& infos) const;
  void take(std::vector<OwnPlugin> plugins);

  std::map<Key, Entry> plugins_;
  std::vector<BrokenPlugin> broken_;
  std::set<LibraryFile::Identity> seen_;
};

/// Where plugins are looked for: the command line's --plugin-path, FACEOFF_PLUGIN_PATH (folders with ':' between them),
/// and lib/faceoff/plugins of the installation, each once. Either of the former may name a file that the caller loads,
/// too. The last may be missing; for the others that is a ConfigError.
std::vector<std::filesystem::path> plugin_folders(const std::vector<std::string>& from_command_line);

}  // namespace faceoff
