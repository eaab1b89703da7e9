#pragma once

#include <faceoff/augmentation.hpp>
#include <faceoff/loss.hpp>
#include <faceoff/optimizer.hpp>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/calibration.hpp"
#include "host/experiment.hpp"
#include "host/loaded_model.hpp"
#include "host/plugins.hpp"

namespace faceoff {

enum class Role { surrogate, related, held_out };
std::string to_string(Role role);

struct LossTerm {
  std::string plugin;
  std::unique_ptr<Loss> loss;
  std::vector<const LoadedModel*> models;
  double weight = 1;
};

struct AugmentationStep {
  std::string plugin;
  std::unique_ptr<Augmentation> augmentation;
  double probability = 1;
  std::int64_t draws = 1;
  Stage at = Stage::view;
};

/// A model that is reported, and what its word is worth.
struct Judge {
  const LoadedModel* model = nullptr;
  Role role = Role::held_out;
};

/// What a judge's word is worth where these were attacked: a surrogate's own nothing, and that of a model with the same
/// weights or training little.
Role role_of(const LoadedModel& judge, const std::vector<const LoadedModel*>& attacked);

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
  void calibrate(LoadedModel& model, bool as_measured);

  const PluginLibrary& plugins_;
  Setup setup_;
  std::vector<Calibration> calibrations_;          ///< that ship
  std::deque<std::vector<Calibration>> measured_;  ///< beside the weights
  std::vector<std::string> warnings_;
  std::map<std::string, std::unique_ptr<LoadedModel>> models_;  ///< by name, plugin and parameters
  std::map<std::filesystem::path, std::string> digests_;
};

/// The plugins of one variant, set up, and checked against one another before any forward.
struct Assembly {
  Assembly(const Experiment& experiment, ModelPool& pool);

  const Experiment& experiment;
  const LoadedModel* detector = nullptr;       ///< of [faces]
  const LoadedModel* landmarks = nullptr;      ///< of [faces], or null
  std::vector<const LoadedModel*> surrogates;  ///< in the order of the losses, each once
  std::vector<LossTerm> losses;
  Field needs = Field::none;  ///< of all losses together
  std::vector<AugmentationStep> augmentations;
  std::unique_ptr<Optimizer> optimizer;
  std::vector<Judge> judges;  ///< embedders: surrogates first
  /// Detectors: surrogates first, then those of [evaluate]; that of [faces] where there is no other.
  std::vector<Judge> judging_detectors;
};

}  // namespace faceoff
