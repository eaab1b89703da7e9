#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/plugin_params.hpp"
#include "faces/gallery.hpp"
#include "picture/picture.hpp"
#include "plugins/model_pool.hpp"

namespace faceoff {

/// Models by their plugins' names, for the commands that have no experiment: --set PLUGIN.KEY=VALUE, --plugin-path.
class NamedModels {
 public:
  static void add_options(boost::program_options::options_description& options);
  explicit NamedModels(const boost::program_options::variables_map& given, at::Device device = at::kCPU);

  /// Set up, and providing `needed`. Throws ConfigError where there is no such model or it does not provide that.
  const LoadedModel& get(const std::string& name, Field needed);
  /// All that provide an embedding and whose weights are there; of a plugin for any file only with a --set of its own.
  std::vector<const LoadedModel*> embedders();

  /// Throws ConfigError where a --set is of a model that nobody asked for.
  void require_sets_used() const;

  const PluginLibrary& plugins() const { return plugins_; }
  ModelPool& pool() { return pool_; }

 private:
  NamedModels(const std::vector<std::filesystem::path>& folders, const std::vector<std::string>& sets,
              at::Device device);
  bool has_weights(const PluginInfo& info) const;

  PluginLibrary plugins_;
  std::map<const PluginInfo*, PluginParams> params_;
  std::set<const PluginInfo*> asked_for_;
  ModelPool pool_;
};

/// How faces are found and embedded: --detector, --landmarks, --minimum-score, and --model, embedders.
void add_portraying_options(boost::program_options::options_description& options);
Portraying portraying(const boost::program_options::variables_map& given, NamedModels& models);

/// Everybody in a folder a person, on pictures or in a file, with how far it is on stderr. Throws ConfigError where
/// there is nothing.
Gallery read_people(const Portraying& by, const std::vector<std::string>& people);

/// A picture as [1,3,H,W].
struct Photo {
  Picture picture;
  at::Tensor pixels;
};
Photo read_photo(const std::filesystem::path& file);

}  // namespace faceoff
