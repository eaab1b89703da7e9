#include <faceoff/budget.hpp>
#include <faceoff/random.hpp>

#include <ATen/ATen.h>

#include <utility>

namespace faceoff {

namespace {

/// The bounds repeated for x's k·B rows.
at::Tensor rows_like(const at::Tensor& bound, const at::Tensor& x) {
  return bound.size(0) == x.size(0) ? bound : bound.repeat_interleave(x.size(0) / bound.size(0), 0);
}

}  // namespace

Budget::Budget(at::Tensor origin_, at::Tensor mask_, double epsilon_, Norm norm_)
    : origin(std::move(origin_)), mask(std::move(mask_)), epsilon(epsilon_), norm(norm_) {
  // With the 2-norm a single pixel may move by all of epsilon; the length is bounded in project().
  low_ = (origin - mask * epsilon).clamp_min(0);
  high_ = (origin + mask * epsilon).clamp_max(255);
}

at::Tensor Budget::project(const at::Tensor& x) const {
  const at::Tensor low = rows_like(low_, x), high = rows_like(high_, x);
  if (norm == Norm::inf) return at::clamp(x, low, high);
  const at::Tensor from = rows_like(origin, x);
  const at::Tensor difference = at::clamp(x, low, high) - from;
  const at::Tensor length = difference.flatten(1).norm(2, 1).clamp_min(1e-12);
  return from + difference * (epsilon / length).clamp_max(1).view({-1, 1, 1, 1});
}

at::Tensor Budget::random_point(Random& random) const {
  return project(origin + random.uniform(-epsilon, epsilon, origin.sizes().slice(1)));
}

at::Tensor Budget::direction(const at::Tensor& gradient) const {
  const at::Tensor inside = gradient * rows_like(mask, gradient);
  if (norm == Norm::inf) return inside.sign();
  // Over the largest value first: the squares of small gradients vanish in float.
  const at::Tensor scaled = inside / inside.abs().amax({1, 2, 3}, true).clamp_min(1e-30);
  return scaled / scaled.flatten(1).norm(2, 1).clamp_min(1e-12).view({-1, 1, 1, 1});
}

at::Tensor Budget::excess(const at::Tensor& x) const {
  const at::Tensor outside =
      at::maximum(rows_like(low_, x) - x, x - rows_like(high_, x)).flatten(1).amax(1).clamp_min(0);
  if (norm == Norm::inf) return outside;
  return at::maximum(outside, (x - rows_like(origin, x)).flatten(1).norm(2, 1) - epsilon);
}

}  // namespace faceoff
