#include "attack/margin.hpp"

#include <faceoff/similarity.hpp>

#include <ATen/ATen.h>

#include <limits>

#include "faces/matching.hpp"

namespace faceoff {

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

at::Tensor area(const at::Tensor& boxes) {
  return (boxes.narrow(-1, 2, 2) - boxes.narrow(-1, 0, 2)).clamp_min(0).prod(-1);
}

/// IoU of boxes that broadcast, [...,4] → [...]; 0 where both are empty.
at::Tensor overlap(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor low = at::maximum(a.narrow(-1, 0, 2), b.narrow(-1, 0, 2));
  const at::Tensor high = at::minimum(a.narrow(-1, 2, 2), b.narrow(-1, 2, 2));
  const at::Tensor both = (high - low).clamp_min(0).prod(-1);
  return both / (area(a) + area(b) - both).clamp_min(1e-12);
}

}  // namespace

at::Tensor embedder_margin(const at::Tensor& embedding, const Reference& reference,
                           const std::optional<double>& threshold) {
  const at::Tensor own = mean_similarity(embedding, reference.own);
  if (reference.targets.defined()) return mean_similarity(embedding, reference.targets) - own;
  return threshold.value_or(none) - own;
}

at::Tensor detector_margin(const Output& found, const at::Tensor& faces, double minimum_score) {
  const at::Tensor of_the_face = overlap(found.boxes.unsqueeze(1), faces.unsqueeze(2)) >= same_face;  // [R,F,N]
  const at::Tensor scores = (found.scores.unsqueeze(1) * of_the_face).to(faces.scalar_type());
  const at::Tensor best = scores.size(2) > 0 ? scores.amax(2) : at::zeros_like(area(faces));
  return (minimum_score - best).masked_fill(area(faces) <= 0, none);
}

at::Tensor boxes_in_view(const at::Tensor& boxes, std::int64_t height, std::int64_t width) {
  const auto side = [](std::int64_t pixels) { return static_cast<double>(pixels); };
  const at::Tensor frame =
      at::tensor({side(width), side(height), side(width), side(height)}, at::kDouble).to(boxes.options());
  const at::Tensor shown = area(at::minimum(boxes.clamp_min(0), frame));
  return boxes * (shown >= .5 * area(boxes)).unsqueeze(-1);
}

at::Tensor mean_margin(const at::Tensor& margins, const at::Tensor& weights) {
  const at::Tensor rows = margins.dim() == 1 ? margins.unsqueeze(1) : margins;
  const at::Tensor there = rows.isnan().logical_not();
  return (rows.nan_to_num(0) * weights.unsqueeze(1)).sum() / (weights.unsqueeze(1) * there).sum();
}

at::Tensor mean_of_models(std::vector<at::Tensor> margins) {
  std::erase_if(margins, [](const at::Tensor& margin) { return !margin.defined(); });
  return margins.empty() ? at::Tensor() : at::stack(margins).nanmean();
}

}  // namespace faceoff
