#pragma once

#include <faceoff/export.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace faceoff {

/// The steps of Adam, gradient after gradient, with decays of 0.9 and 0.999. D. Kingma and J. Ba, Adam: A Method for
/// Stochastic Optimization, ICLR 2015.
class FACEOFF_API Adam {
 public:
  /// least: what is added to the gradient's size, so that next to no gradient makes next to no step.
  explicit Adam(double least = 1e-8) : least_(least) {}

  /// m / (1 - .9^t) / (√(v / (1 - .999^t)) + least), with m ← .9 m + .1 gradient and v ← .999 v + .001 gradient²: what
  /// is subtracted, times the learning rate. Like the gradient, each value on its own.
  at::Tensor operator()(const at::Tensor& gradient);

 private:
  double least_;
  at::Tensor mean_, square_;
  std::int64_t steps_ = 0;
};

}  // namespace faceoff
