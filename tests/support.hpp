#pragma once

#include <faceoff/augmentation.hpp>
#include <faceoff/loss.hpp>
#include <faceoff/model.hpp>
#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plugins/plugin_library.hpp"

namespace faceoff {

/// The plugins of the tree, loaded once.
inline const PluginLibrary& tree_plugins() {
  static const PluginLibrary library(std::vector<std::filesystem::path>{FACEOFF_PLUGIN_FOLDER});
  return library;
}

inline Setup tree_setup(at::ScalarType dtype = at::kFloat) {
  Setup setup;
  setup.dtype = dtype;
  setup.models = {"models"};
  return setup;
}

template <class P>
constexpr Kind kind_of() {
  if constexpr (std::is_same_v<P, Model>) return Kind::model;
  if constexpr (std::is_same_v<P, Loss>) return Kind::loss;
  if constexpr (std::is_same_v<P, Optimizer>) return Kind::optimizer;
  return Kind::augmentation;
}

using Parameters = std::vector<std::pair<std::string, ParamValue>>;

/// A plugin of the tree with these parameters, set up.
template <class P>
std::unique_ptr<P> make(const std::string& name, const Parameters& parameters = {}, at::ScalarType dtype = at::kFloat) {
  const PluginInfo* const info = tree_plugins().find(kind_of<P>(), name);
  if (info == nullptr) throw std::runtime_error("no plugin " + name);
  std::unique_ptr<Plugin> plugin = tree_plugins().create(*info);
  for (const auto& [key, value] : parameters) {
    const auto param = std::ranges::find(info->params, key, &ParamInfo::name);
    if (param == info->params.end()) throw std::runtime_error("no parameter " + key);
    param->set(*plugin, value);
  }
  plugin->setup(tree_setup(dtype));
  return std::unique_ptr<P>(dynamic_cast<P*>(plugin.release()));
}

/// The largest difference of two tensors of one shape.
inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) {
    ADD_FAILURE() << "shapes " << c10::str(a.sizes()) << " and " << c10::str(b.sizes());
    return std::numeric_limits<double>::infinity();
  }
  if (a.numel() == 0) return 0;
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

inline bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() && at::equal(a, b);
}

inline void expect_in(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << '"' << text << "\" says nothing of \"" << part << '"';
}

/// The message of the error of this kind that `work` ends in.
template <class Expected, class Work>
std::string error_of(Work work) {
  try {
    work();
  } catch (const Expected& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another kind of error: " << error.what();
    return {};
  }
  ADD_FAILURE() << "no error";
  return {};
}

/// Numbers that look random and are the same every time, in [low, high).
inline at::Tensor noise(at::IntArrayRef shape, double low, double high, std::uint64_t seed,
                        at::ScalarType dtype = at::kDouble) {
  std::vector<std::int64_t> row(shape.begin(), shape.end());
  return Random(seed, {0}, at::TensorOptions(at::kDouble)).uniform(low, high, row).squeeze(0).to(dtype);
}

}  // namespace faceoff
