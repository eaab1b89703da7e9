#include "attack/target_choice.hpp"

#include <ATen/ATen.h>

#include "attack/rows.hpp"

namespace faceoff {

at::Tensor mean_of_photos(const at::Tensor& targets) {
  const at::Tensor photos = (targets != 0).any(3).sum(2, /*keepdim=*/true);  // [n,T,1]
  return targets.sum(2) / photos.clamp_min(1);
}

at::Tensor likeness(const at::Tensor& embeddings, const at::Tensor& means) {
  constexpr double nobody = -2;
  const at::Tensor found = at::matmul(means, embeddings.unsqueeze(2)).squeeze(2);
  return found.masked_fill((means == 0).all(2), nobody);
}

void TargetChoice::note(const LoadedModel& model, const at::Tensor& likeness, const std::vector<std::int64_t>& faces) {
  const at::Tensor index = as_index(faces, likeness.device());
  const auto known = last_.find(&model);
  if (known == last_.end()) {  // the clean views, of each face one
    last_.emplace(&model, likeness);
    return;
  }
  at::Tensor& last = known->second;
  const at::Tensor sum = at::zeros_like(last).index_add(0, index, likeness);
  const at::Tensor views = at::zeros_like(last).index_add(0, index, at::ones_like(likeness));
  last = at::where(views > 0, sum / views.clamp_min(1), last);
}

void TargetChoice::choose() {
  at::Tensor sum;
  for (const auto& [model, last] : last_) sum = sum.defined() ? sum + last : last;
  if (sum.defined()) chosen_ = sum.argmax(1);
}

}  // namespace faceoff
