#pragma once

#include <ATen/ATen.h>

#include <cmath>

#include "support.hpp"

namespace faceoff {

/// Black images with a bright square each, and a landmark in its middle.
inline Images marked(std::int64_t rows, std::int64_t height = 60, std::int64_t width = 80) {
  at::Tensor pixels = at::zeros({rows, 3, height, width}, at::kDouble);
  std::vector<double> middles;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t top = 20 + 3 * r, left = 24 + 4 * r;
    pixels[r].narrow(1, top, 10).narrow(2, left, 10).fill_(200);
    middles.insert(middles.end(), {static_cast<double>(left) + 5, static_cast<double>(top) + 5});
  }
  const at::Tensor map = at::eye(2, 3, at::kDouble).unsqueeze(0).repeat({rows, 1, 1});
  return {pixels, map, at::tensor(middles, at::kDouble).view({rows, 1, 2})};
}

/// Images [R,3,H,W] that nothing has moved, without landmarks.
inline Images unmoved(const at::Tensor& pixels) {
  return {pixels, at::eye(2, 3, at::kDouble).expand({pixels.size(0), 2, 3}), {}};
}

/// An image whose first channel says how far right each pixel's middle is, its second how far down.
inline at::Tensor ramps(std::int64_t rows, std::int64_t height, std::int64_t width) {
  const at::Tensor xs = (at::arange(width, at::kDouble) + .5).expand({height, width});
  const at::Tensor ys = (at::arange(height, at::kDouble) + .5).unsqueeze(1).expand({height, width});
  return at::stack({xs, ys, at::zeros_like(xs)}).expand({rows, 3, height, width}).contiguous();
}

/// Where the light of each image is: [R,1,2], x and y.
inline at::Tensor centres(const at::Tensor& pixels) {
  const at::Tensor light = pixels.mean(1), total = light.sum({1, 2});
  const at::Tensor xs = at::arange(pixels.size(3), at::kDouble) + .5, ys = at::arange(pixels.size(2), at::kDouble) + .5;
  return at::stack({(light.sum(1) * xs).sum(1) / total, (light.sum(2) * ys).sum(1) / total}, 1).unsqueeze(1);
}

inline Random random_rows(std::int64_t rows, std::uint64_t seed = 3, at::ScalarType dtype = at::kDouble) {
  std::vector<std::uint64_t> keys;
  for (std::int64_t r = 0; r < rows; ++r) keys.push_back(100 + static_cast<std::uint64_t>(r));
  return {seed, keys, at::TensorOptions(dtype)};
}

/// What an augmentation of the tree makes of images, each row with numbers of its own.
inline Images augmented(const std::string& name, const Parameters& parameters, const Images& images) {
  Random random = random_rows(images.pixels.size(0));
  return (*make<Augmentation>(name, parameters, at::kDouble))(images, random);
}

/// Numbers that were drawn from U(low, high): within, nearly up to both ends, and with its mean.
inline void expect_uniform(const at::Tensor& drawn, double low, double high) {
  const double width = high - low;
  EXPECT_GE(drawn.min().item<double>(), low - 1e-9 * width);
  EXPECT_LE(drawn.max().item<double>(), high + 1e-9 * width);
  EXPECT_LT(drawn.min().item<double>(), low + .02 * width);
  EXPECT_GT(drawn.max().item<double>(), high - .02 * width);
  // Four standard deviations of the mean.
  EXPECT_NEAR(drawn.mean().item<double>(), (low + high) / 2,
              4 * width / std::sqrt(12. * static_cast<double>(drawn.numel())));
}

}  // namespace faceoff
