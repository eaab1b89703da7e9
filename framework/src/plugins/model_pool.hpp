#pragma once

#include <faceoff/plugin.hpp>

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plugins/calibration.hpp"
#include "plugins/loaded_model.hpp"
#include "plugins/plugin_config.hpp"
#include "plugins/plugin_library.hpp"

namespace faceoff {

/// What plugins are set up with: weights are looked for in $FACEOFF_MODELS and where the project's set-up put them.
/// For a GPU, LibTorch is asked for the algorithms that give the same bits.
Setup setup_on(at::Device device);

/// Builds and keeps models, so that variants with the same model share it.
class ModelPool {
 public:
  ModelPool(const PluginLibrary& plugins, Setup setup, std::vector<Calibration> calibrations);
  const LoadedModel& get(const std::string& name, const PluginConfig& config);
  /// What a plugin with these parameters is, as text: its library and every file that it reads by their SHA-256.
  std::string identity(const PluginConfig& config);

  const PluginLibrary& plugins() const { return plugins_; }
  const Setup& setup() const { return setup_; }
  /// What a user should know of the models so far: thresholds beside weights that are not theirs.
  const std::vector<std::string>& warnings() const { return warnings_; }
  const std::map<std::string, std::unique_ptr<LoadedModel>>& all() const { return models_; }

 private:
  const std::string& sha256_of(const std::filesystem::path& file);
  /// Has the model attacked in another precision than float32, if its layers can.
  void narrow(LoadedModel& model, const PluginConfig& config);
  void calibrate(LoadedModel& model, bool as_measured);

  const PluginLibrary& plugins_;
  Setup setup_;
  std::vector<Calibration> calibrations_;          ///< that ship
  std::deque<std::vector<Calibration>> measured_;  ///< beside the weights
  std::vector<std::string> warnings_;
  std::map<std::string, std::unique_ptr<LoadedModel>> models_;  ///< by name, plugin and parameters
  std::map<std::filesystem::path, std::string> digests_;
};

}  // namespace faceoff
