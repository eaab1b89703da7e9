#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>

#include "faces/face.hpp"
#include "support.hpp"

namespace faceoff {

/// 68 landmarks that lie roughly where a face in this box has them; alignment only asks for eyes and mouth.
inline at::Tensor landmarks_in(const Box& box) {
  const auto at_share = [&](double x, double y) {
    return at::tensor({box.x0 + x * box.width(), box.y0 + y * box.height()}, at::kDouble);
  };
  at::Tensor points = at_share(.5, .5).expand({68, 2}).clone();
  points.narrow(0, 36, 6) = at_share(.31, .41);
  points.narrow(0, 42, 6) = at_share(.68, .39);
  points.narrow(0, 48, 20) = at_share(.52, .77);
  return points;
}

constexpr double tolerance = 1e-5;

/// Central differences along the gradient itself, along a random direction and at single pixels. `step` is a
/// direction's whole length: short enough that next to none of a network's rectifiers turns over on the way.
inline void expect_true_gradient(const std::function<double(const at::Tensor&)>& value, const at::Tensor& x,
                                 const at::Tensor& gradient, double step = 3e-5) {
  ASSERT_EQ(gradient.sizes(), x.sizes());
  ASSERT_EQ(gradient.scalar_type(), at::kDouble);
  const auto difference = [&](const at::Tensor& direction) {
    const double h = step / direction.norm().item<double>();
    return (value(x + h * direction) - value(x - h * direction)) / (2 * h);
  };
  const double length = gradient.norm().item<double>();
  ASSERT_GT(length, 0);
  // Along the gradient the derivative is its length; a missing or doubled part of it shows here at once.
  EXPECT_NEAR(difference(gradient / length) / length, 1, tolerance);
  // Half of a random direction is the gradient's own signs, so that its parts do not cancel to nothing.
  const at::Tensor random = noise(x.sizes(), -1, 1, 1);
  const at::Tensor mixed = random + at::where(random > 0, gradient.sign(), at::zeros_like(gradient));
  EXPECT_NEAR(difference(mixed) / (gradient * mixed).sum().item<double>(), 1, tolerance);
  const at::Tensor flat = gradient.flatten().abs();
  const auto strongest = flat.argmax().item<std::int64_t>();
  for (const std::int64_t pixel : {strongest, (strongest + flat.numel() / 7) % flat.numel()}) {
    at::Tensor direction = at::zeros_like(x);
    direction.view({-1})[pixel] = 1;
    EXPECT_NEAR(difference(direction), gradient.flatten()[pixel].item<double>(),
                tolerance * flat[strongest].item<double>())
        << "pixel " << pixel;
  }
}

}  // namespace faceoff
