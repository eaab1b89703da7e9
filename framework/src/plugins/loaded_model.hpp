#pragma once

#include <faceoff/layers.hpp>
#include <faceoff/model.hpp>
#include <faceoff/plugin.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/calibration.hpp"

namespace faceoff {

/// A model under its name in the experiment, set up.
struct LoadedModel {
  std::string name;
  std::string plugin;
  std::unique_ptr<Model> model;
  ViewSpec view;
  Field provides = Field::none;
  bool differentiable = true;
  layers::Precision precision = layers::Precision::float32;  ///< of its layers while it is attacked
  std::filesystem::path weights;
  std::string sha256;                        ///< of the weights
  std::string identity;                      ///< the same for whatever answers alike: plugin, parameters and files
  std::string family;                        ///< of the weights: who shares it shares their training; empty: not known
  const Calibration* calibration = nullptr;  ///< of these weights under this view

  /// From which cosine on two photos pass for one person's at this rate; nothing where it was not measured.
  std::optional<double> threshold(double false_accept_rate) const {
    const double* measured = calibration != nullptr ? calibration->threshold(false_accept_rate) : nullptr;
    return measured != nullptr ? std::optional(*measured) : std::nullopt;
  }
};

/// The model's answer to views [R,3,h,w], checked. `random`: the rows' numbers while it is attacked; null where it
/// judges, finds or is referred to, always in float32. Throws PluginError naming the plugin and the model.
Output forward(const LoadedModel& model, const at::Tensor& views, Random* random = nullptr);

/// Holds a model to the reference that its weights carry, if they do: what scripts/export saw come out of the network,
/// "reference/embedding" and the like, for "reference/images" [1,3,H,W], has to come out here. Throws FileError.
void check_exported_answers(const LoadedModel& model, const Setup& setup);

enum class Role { surrogate, related, held_out };
std::string to_string(Role role);

/// A model that is reported, and what its word is worth.
struct Judge {
  const LoadedModel* model = nullptr;
  Role role = Role::held_out;
};

/// What a judge's word is worth where these were attacked: a surrogate's own nothing, and that of a model with the same
/// weights or training little.
Role role_of(const LoadedModel& judge, const std::vector<const LoadedModel*>& attacked);

}  // namespace faceoff
