#include "attack/margin.hpp"

#include <faceoff/boxes.hpp>
#include <faceoff/similarity.hpp>

#include <ATen/ATen.h>

#include <limits>

#include "faces/matching.hpp"

namespace faceoff {

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

/// The mean of values [n] that share an index, over those that are numbers: [size], not a number where there is none.
at::Tensor mean_by(const at::Tensor& values, const at::Tensor& index, std::int64_t size) {
  const at::Tensor sums = at::zeros({size}, values.options());
  const at::Tensor sum = sums.index_add(0, index, values.nan_to_num(0));
  return sum / sums.index_add(0, index, values.isnan().logical_not().to(values.scalar_type()));
}

}  // namespace

at::Tensor embedder_margin(const at::Tensor& embedding, const Reference& reference, Goal goal,
                           const std::optional<double>& threshold) {
  const at::Tensor own = mean_similarity(embedding, reference.own);
  const at::Tensor unrecognised = threshold.value_or(none) - own;
  if (!reference.targets.defined()) return unrecognised;
  const at::Tensor nearer = mean_similarity(embedding, reference.targets) - own;
  return goal == Goal::protect && threshold ? at::maximum(nearer, unrecognised) : nearer;
}

at::Tensor detector_margin(const Output& found, const at::Tensor& faces, double minimum_score) {
  const at::Tensor of_the_face = overlap(faces, found.boxes) >= same_face;  // [R,F,N]
  const at::Tensor scores = (found.scores.unsqueeze(1) * of_the_face).to(faces.scalar_type());
  const at::Tensor best = scores.size(2) > 0 ? scores.amax(2) : at::zeros_like(area_of(faces));
  return (minimum_score - best).masked_fill(area_of(faces) <= 0, none);
}

at::Tensor boxes_in_view(const at::Tensor& boxes, std::int64_t height, std::int64_t width) {
  const auto side = [](std::int64_t pixels) { return static_cast<double>(pixels); };
  const at::Tensor frame =
      at::tensor({side(width), side(height), side(width), side(height)}, at::kDouble).to(boxes.options());
  const at::Tensor shown = area_of(at::minimum(boxes.clamp_min(0), frame));
  return boxes * (shown >= .5 * area_of(boxes)).unsqueeze(-1);
}

void Margins::add_views(const at::Tensor& margins, const std::vector<std::int64_t>& row,
                        const std::vector<std::int64_t>& face) {
  add(margins, at::tensor(row, at::kLong) * faces_ + at::tensor(face, at::kLong));
}

void Margins::add_pictures(const at::Tensor& margins, const std::vector<std::int64_t>& row) {
  const at::Tensor faces = at::arange(margins.size(1), at::kLong).unsqueeze(0);
  add(margins.flatten(), (at::tensor(row, at::kLong).unsqueeze(1) * faces_ + faces).flatten());
}

void Margins::add(const at::Tensor& margins, const at::Tensor& places) {
  const at::Tensor of_faces = mean_by(margins.to(at::kDouble), places.to(margins.device()), rows_ * faces_);
  of_models_.push_back(of_faces.view({rows_, faces_}));
}

at::Tensor Margins::worst() const {
  if (of_models_.empty()) return {};
  const at::Tensor all = at::stack(of_models_), unknown = all.isnan();
  const at::Tensor least = all.masked_fill(unknown, std::numeric_limits<double>::infinity()).amin({0, 2});
  return least.masked_fill(unknown.all(2).all(0), none);
}

at::Tensor Margins::mean_by_group(const std::vector<std::int64_t>& group_of_row, std::int64_t groups) const {
  if (of_models_.empty()) return {};
  std::vector<at::Tensor> means;
  for (const at::Tensor& margins : of_models_) {
    const at::Tensor index = at::tensor(group_of_row, at::kLong).repeat_interleave(faces_).to(margins.device());
    means.push_back(mean_by(margins.flatten(), index, groups));
  }
  return at::stack(means).nanmean(0);
}

}  // namespace faceoff
