#pragma once

#include <faceoff/export.hpp>

#include <ATen/core/Tensor.h>

namespace faceoff {

class Random;

enum class Norm { inf, two };

/// How far a subject may move: within epsilon of its origin in the norm, only where the mask is 1, and within [0,255].
class FACEOFF_API Budget {
 public:
  /// origin [B,3,H,W]; mask [B,1,H,W] of 0 and 1; epsilon in grey levels (for the 2-norm: the length of a sample's
  /// whole difference).
  Budget(at::Tensor origin, at::Tensor mask, double epsilon, Norm norm = Norm::inf);

  const at::Tensor origin;
  const at::Tensor mask;
  const double epsilon;
  const Norm norm;

  /// The nearest point of the budget for the infinity norm; for the 2-norm, the difference clamped and then
  /// scaled back. x may have k·B rows, the copies of a row adjacent.
  at::Tensor project(const at::Tensor& x) const;

  /// Where an attack may start: the origin moved by up to epsilon at random, a value on its own, and projected.
  at::Tensor random_point(Random& random) const;

  /// The way along which a step of length 1 changes the objective most, within the mask: the gradient's sign for the
  /// infinity norm, the gradient over its length for the 2-norm. gradient [k·B,3,H,W]
  at::Tensor direction(const at::Tensor& gradient) const;

  /// By how much each row of x, [k·B,3,H,W], breaks the budget, in grey levels: 0 within. [k·B]
  at::Tensor excess(const at::Tensor& x) const;

 private:
  at::Tensor low_, high_;
};

}  // namespace faceoff
