#pragma once

#include <faceoff/model.hpp>

#include <filesystem>
#include <memory>
#include <string>

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
  std::filesystem::path weights;
  std::string sha256;                        ///< of the weights
  std::string identity;                      ///< the same for whatever answers alike: plugin, parameters and files
  std::string family;                        ///< of the weights: who shares it shares their training; empty: not known
  const Calibration* calibration = nullptr;  ///< of these weights under this view
};

/// The model's answer to views [R,3,h,w], checked. `random`: the rows' numbers while it is attacked; null where it
/// judges, finds or is referred to. Throws PluginError naming the plugin and the model.
Output forward(const LoadedModel& model, const at::Tensor& views, Random* random = nullptr);

}  // namespace faceoff
