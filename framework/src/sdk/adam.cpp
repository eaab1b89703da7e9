#include <faceoff/adam.hpp>

#include <ATen/ATen.h>

#include <cmath>

namespace faceoff {

at::Tensor Adam::operator()(const at::Tensor& gradient) {
  constexpr double keep_mean = .9, keep_square = .999;
  if (steps_++ == 0) mean_ = square_ = at::zeros_like(gradient);
  mean_ = keep_mean * mean_ + (1 - keep_mean) * gradient;
  square_ = keep_square * square_ + (1 - keep_square) * gradient.square();
  const auto t = static_cast<double>(steps_);
  const at::Tensor size = (square_ / (1 - std::pow(keep_square, t))).sqrt() + least_;
  return mean_ / (1 - std::pow(keep_mean, t)) / size;
}

}  // namespace faceoff
