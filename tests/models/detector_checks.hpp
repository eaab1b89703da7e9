#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "faces/views.hpp"
#include "plugins/loaded_model.hpp"
#include "support.hpp"

namespace faceoff {

/// Of a detector in float64, on noise: where a picture is flat, values tie under max pooling, and there is no
/// derivative.
inline void expect_gradient_of_central_differences(const LoadedModel& model) {
  const at::Tensor images = noise({1, 3, model.view.height, model.view.width}, 0, 255, 7);
  const auto value = [&](const at::Tensor& x) {
    const Output output = forward(model, x);
    return (output.scores.unsqueeze(2) * output.boxes * at::tensor({1., -2., 3., 5.}, at::kDouble)).sum();
  };
  const at::Tensor variable = images.clone().requires_grad_(true);
  const at::Tensor gradient = torch::autograd::grad({value(variable)}, {variable}).front();
  const at::NoGradGuard no_grad;
  for (const at::Tensor& direction : {gradient, noise(images.sizes(), -1, 1, 1) + .5 * gradient.sign()}) {
    const at::Tensor step = direction * (1e-5 / direction.norm());
    const at::Tensor difference = (value(images + step) - value(images - step)) / 2;
    EXPECT_NEAR((difference / (gradient * step).sum()).item<double>(), 1, 1e-6);
  }
}

/// Of a detector in float32 that looks once at a view of the whole picture.
inline void expect_a_batch_as_alone(const LoadedModel& model) {
  const at::NoGradGuard no_grad;
  const at::Tensor first = make_view(model.view, 60, 60)(noise({1, 3, 60, 60}, 0, 255, 1, at::kFloat));
  const at::Tensor second = make_view(model.view, 50, 90)(noise({1, 3, 50, 90}, 0, 255, 2, at::kFloat));
  const Output both = forward(model, at::cat({first, second}));
  for (std::int64_t i = 0; i < 2; ++i) {
    const Output alone = forward(model, i == 0 ? first : second);
    EXPECT_LT(largest_difference(both.scores[i], alone.scores[0]), 1e-5);
    EXPECT_LT(largest_difference(both.boxes[i], alone.boxes[0]), 1e-3);
  }
}

}  // namespace faceoff
