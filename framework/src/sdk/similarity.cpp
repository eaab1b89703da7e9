#include <faceoff/similarity.hpp>

#include <ATen/ATen.h>

namespace faceoff {

at::Tensor centred(const at::Tensor& embeddings, const at::Tensor& mean) {
  if (!mean.defined()) return embeddings;
  const at::Tensor moved = embeddings - mean;
  const at::Tensor there = (embeddings != 0).any(-1, /*keepdim=*/true);
  return there * moved / moved.norm(2, -1, true).clamp_min(1e-12);
}

at::Tensor mean_similarity(const at::Tensor& embedding, const at::Tensor& others, const at::Tensor& mean) {
  const at::Tensor rows = centred(others.flatten(1, -2), mean);                                    // [R,T·K,D]
  const at::Tensor products = at::matmul(rows, centred(embedding, mean).unsqueeze(2)).squeeze(2);  // [R,T·K]
  const at::Tensor there = (rows != 0).any(2);
  return (products * there).sum(1) / there.sum(1).clamp_min(1);
}

}  // namespace faceoff
