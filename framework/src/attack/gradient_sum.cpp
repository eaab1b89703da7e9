#include "attack/gradient_sum.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"

namespace faceoff {

GradientSum::GradientSum(at::Tensor x, const std::vector<Rows>& pictures, const Subjects& subjects, Balance balance)
    : x_(std::move(x)),
      pictures_(pictures),
      subjects_(subjects),
      balanced_(balance == Balance::gradient),
      leaves_(pictures),
      sum_(at::zeros_like(x_)) {
  for (Rows& rows : leaves_) {
    rows.images.pixels = rows.images.pixels.detach().requires_grad_(true);
    leaf_sums_.push_back(at::zeros_like(rows.images.pixels));
  }
}

void GradientSum::add(const AttackedModel& attacked, const Said& said) {
  const bool pixels = said.of_pixels.defined();
  if (said.of_answers.defined()) {
    const std::vector<at::Tensor> there = at_leaves(attacked, said.rows, said.of_answers, pixels);
    if (balanced_) {
      sum_ = sum_ + attacked.weight() * over_its_size(to_x(there));
    } else {
      keep(there);
    }
  }
  if (pixels) keep(at_leaves(attacked, said.rows, said.of_pixels, false));
}

at::Tensor GradientSum::take() {
  if (any_) sum_ = sum_ + to_x(leaf_sums_);
  return sum_;
}

std::vector<at::Tensor> GradientSum::at_leaves(const AttackedModel& attacked, const Rows& rows,
                                               const at::Tensor& gradient, bool again) const {
  std::vector<at::Tensor> inputs;
  for (const Rows& leaf : leaves_) inputs.push_back(leaf.images.pixels);
  const std::string who = "augmentations at the view of '" + attacked.model().name + "'";
  std::vector<at::Tensor> gradients = call_plugin(
      who, [&] { return torch::autograd::grad({rows.images.pixels}, inputs, {gradient}, again, false, true); });
  if (std::ranges::none_of(gradients, [](const at::Tensor& one) { return one.defined(); }))
    throw PluginFault(who, "no gradient reaches the picture: something detached it");
  return gradients;
}

void GradientSum::keep(const std::vector<at::Tensor>& gradients) {
  any_ = true;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (gradients[i].defined()) leaf_sums_[i] = leaf_sums_[i] + gradients[i];
  }
}

at::Tensor GradientSum::to_x(const std::vector<at::Tensor>& gradients) const {
  std::vector<at::Tensor> outputs, along;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) continue;
    outputs.push_back(pictures_[i].images.pixels);
    along.push_back(gradients[i]);
  }
  const std::string who = "augmentations at the picture";
  const at::Tensor gradient = call_plugin(
      who, [&] { return torch::autograd::grad(outputs, {x_}, along, /*retain_graph=*/true, false, true).front(); });
  if (!gradient.defined()) throw PluginFault(who, "no gradient reaches the picture: something detached it");
  if (!finite(gradient)) throw PluginFault(who, "the gradient is not finite");
  return gradient;
}

at::Tensor GradientSum::over_its_size(const at::Tensor& gradient) const {
  const auto copies = gradient.size(0) / subjects_.count();
  std::vector<double> values;
  for (const Subject& row : subjects_.rows) values.push_back(3. * static_cast<double>(row.height * row.width));
  const at::Tensor pixels = at::tensor(values, gradient.options()).repeat_interleave(copies);
  const at::Tensor mean = gradient.abs().sum({1, 2, 3}) / pixels;
  return gradient / mean.clamp_min(1e-20).view({-1, 1, 1, 1});
}

}  // namespace faceoff
