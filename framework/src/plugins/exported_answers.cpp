#include "plugins/exported_answers.hpp"

#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <optional>
#include <string>
#include <vector>

namespace faceoff {

namespace {

constexpr const char* images_name = "reference/images";
constexpr std::int64_t any = -1;

/// A part of an output, and what a reference of it looks like.
struct Part {
  Field field;
  at::Tensor Output::*tensor;
  std::vector<std::int64_t> shape;
};

std::vector<Part> parts_of(const LoadedModel& model) {
  const bool of_candidates = includes(model.provides, Field::scores);
  const std::vector<std::int64_t> landmarks =
      of_candidates ? std::vector<std::int64_t>{1, any, any, 2} : std::vector<std::int64_t>{1, any, 2};
  return {{Field::scores, &Output::scores, {1, any}},
          {Field::boxes, &Output::boxes, {1, any, 4}},
          {Field::landmarks, &Output::landmarks, landmarks},
          {Field::embedding, &Output::embedding, {1, any}}};
}

std::string name_of(const Part& part) {
  return "reference/" + to_string(part.field);
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
  if (found.sizes() != expected.sizes()) return false;
  if (found.numel() == 0) return true;
  constexpr double rounding = 1e-3;  // relative: networks add up in another order elsewhere
  const at::Tensor difference = (found - expected).abs().max(), largest = expected.abs().max();
  return difference.item<double>() <= rounding * largest.item<double>();
}

}  // namespace

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
  for (const Part& part : parts_of(model)) {
    if (!file->contains(name_of(part))) continue;
    const std::string what = to_string(part.field);
    if (!includes(model.provides, part.field))
      fail("it has a reference for " + what + ", which the plugin " + model.plugin + " does not provide");
    if (!agree(found.*part.tensor, get(name_of(part), part.shape)))
      fail("its reference picture gives another " + what + " than where it was exported: is it of the network that " +
           model.plugin + " is, and was it exported with that one's mean and divisor?");
    compared = true;
  }
  if (!compared) fail("it has a reference picture, and nothing that should come out");
}

}  // namespace faceoff
