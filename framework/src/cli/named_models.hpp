#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/options.hpp"
#include "faces/gallery.hpp"
#include "plugins/model_pool.hpp"

namespace faceoff {

using PluginParams = std::vector<std::pair<const ParamInfo*, ParamValue>>;

/// What the command line's PLUGIN.KEY=VALUE say of these plugins: all parameters of those that are named, with their
/// defaults. Throws ConfigError with all that is wrong.
std::map<const PluginInfo*, PluginParams> read_params(const std::vector<const PluginInfo*>& plugins,
                                                      const std::vector<std::string>& sets);

/// Models by their plugins' names, for the commands that have no experiment: --set PLUGIN.KEY=VALUE, --plugin-path.
class NamedModels {
 public:
  static void add_options(Command& command);
  explicit NamedModels(const Arguments& given, at::Device device = at::kCPU);

  /// Set up, and providing `needed`. Throws ConfigError where there is no such model or it does not provide that.
  const LoadedModel& get(const std::string& name, Field needed);
  /// All that provide an embedding and whose weights are there; of a plugin for any file only with a --set of its own.
  std::vector<const LoadedModel*> embedders();

  /// Throws ConfigError where a --set is of a model that nobody asked for.
  void require_sets_used() const;

  const PluginLibrary& plugins() const { return plugins_; }
  ModelPool& pool() { return pool_; }

 private:
  bool has_weights(const PluginInfo& info) const;

  std::vector<std::filesystem::path> folders_;
  PluginLibrary plugins_;
  std::map<const PluginInfo*, PluginParams> params_;
  std::set<const PluginInfo*> asked_for_;
  ModelPool pool_;
};

/// How faces are found and embedded: --detector, --landmarks, --minimum-score, --model (embedders), and NamedModels'
/// options.
void add_portraying_options(Command& command);
Portraying portraying(const Arguments& given, NamedModels& models);

/// Everybody in a folder a person, on pictures or in a file, with how far it is on stderr. Throws ConfigError where
/// there is nothing.
Gallery read_people(const Portraying& by, const std::vector<std::string>& people);

}  // namespace faceoff
