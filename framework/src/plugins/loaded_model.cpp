#include "plugins/loaded_model.hpp"

#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/one_line.hpp"
#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"

namespace faceoff {

namespace {

constexpr const char* images_name = "reference/images";
constexpr std::int64_t any = -1;

/// What a reference of a part of the model's output looks like.
std::vector<std::int64_t> shape_of(const LoadedModel& model, Field part) {
  if (part == Field::boxes) return {1, any, 4};
  if (part != Field::landmarks) return {1, any};
  const bool of_candidates = includes(model.provides, Field::scores);
  return of_candidates ? std::vector<std::int64_t>{1, any, any, 2} : std::vector<std::int64_t>{1, any, 2};
}

/// The weights, where they are safetensors; what else a plugin reads, it knows itself.
std::optional<TensorFile> tensors_of(const std::filesystem::path& weights) {
  if (weights.empty()) return std::nullopt;
  try {
    return TensorFile(weights);
  } catch (const FileError&) {
    return std::nullopt;
  }
}

bool agree(const at::Tensor& found, const at::Tensor& expected) {
  constexpr double rounding = 1e-3;  // of the largest: networks add up in another order elsewhere
  if (found.sizes() != expected.sizes()) return false;
  return found.numel() == 0 || at::allclose(found, expected, 0, rounding * expected.abs().max().item<double>());
}

/// Whether what fools one says little of the other: the same weights, or weights of one family.
bool share_training(const LoadedModel& a, const LoadedModel& b) {
  return (!a.sha256.empty() && a.sha256 == b.sha256) || (!a.family.empty() && a.family == b.family);
}

}  // namespace

Output forward(const LoadedModel& model, const at::Tensor& views, Random* random) {
  const std::string who = "plugin " + model.plugin + ", model '" + one_line(model.name) + "'";
  Output output = call_plugin(who, {{"its images", views}}, [&] {
    if (random == nullptr) return model.model->forward(views);
    const layers::PrecisionGuard precision(model.precision);
    return model.model->forward_attacked(views, *random);
  });
  for (const OutputPart& part : output_parts) {
    at::Tensor& tensor = output.*part.tensor;
    if (tensor.defined() && tensor.scalar_type() == at::kBFloat16) tensor = tensor.to(views.scalar_type());
  }
  check_output(who, model.provides, output, views, random != nullptr ? Seeing::attacked : Seeing::alone);
  const bool has_gradient = std::ranges::any_of(output_parts, [&](const OutputPart& part) {
    return (output.*part.tensor).defined() && (output.*part.tensor).requires_grad();
  });
  if (at::GradMode::is_enabled() && views.requires_grad() && model.differentiable && !has_gradient)
    throw PluginFault(who, "no gradient reaches its images: it detached its output");
  return output;
}

void check_exported_answers(const LoadedModel& model, const Setup& setup) {
  const std::optional<TensorFile> file = tensors_of(model.weights);
  if (!file || !file->contains(images_name)) return;
  const auto fail = [&](const std::string& what) { throw FileError(model.weights.string() + ": " + what); };
  const auto get = [&](const std::string& name, at::IntArrayRef shape) {
    return file->get(name, shape, setup.dtype).to(setup.device);
  };
  const ViewSpec& view = model.view;
  const auto side = [](std::int64_t pixels) { return pixels > 0 ? pixels : any; };
  const at::NoGradGuard no_grad;
  const at::Tensor images = get(images_name, {1, 3, side(view.height), side(view.width)});
  const Output found = forward(model, images);
  bool compared = false;
  for (const auto& [field, tensor] : output_parts) {
    const std::string what = to_string(field), name = "reference/" + what;
    if (field == Field::picture || !file->contains(name)) continue;
    if (!includes(model.provides, field))
      fail("it has a reference for " + what + ", which the plugin " + model.plugin + " does not provide");
    if (!agree(found.*tensor, get(name, shape_of(model, field))))
      fail("its reference picture gives another " + what + " than where it was exported: is it of the network that " +
           model.plugin + " is, and was it exported with that one's mean and divisor?");
    compared = true;
  }
  if (!compared) fail("it has a reference picture, and nothing that should come out");
}

std::string to_string(Role role) {
  constexpr std::array<const char*, 3> names = {"surrogate", "related", "held_out"};
  return names.at(static_cast<std::size_t>(role));
}

Role role_of(const LoadedModel& judge, const std::vector<const LoadedModel*>& attacked) {
  if (std::ranges::find(attacked, &judge) != attacked.end()) return Role::surrogate;
  const bool related =
      std::ranges::any_of(attacked, [&](const LoadedModel* one) { return share_training(*one, judge); });
  return related ? Role::related : Role::held_out;
}

}  // namespace faceoff
