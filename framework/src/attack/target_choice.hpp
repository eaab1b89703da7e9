#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <vector>

#include "plugins/loaded_model.hpp"

namespace faceoff {

/// [n,T,D]: each target's mean over its photos [n,T,K,D], of which zeros pad; zeros where a whole target pads.
at::Tensor mean_of_photos(const at::Tensor& targets);

/// [n,T]: the dot product of embeddings [n,D] with each of several targets' means [n,T,D], which is their mean dot
/// product with the target's photos; less than any where a target pads.
at::Tensor likeness(const at::Tensor& embeddings, const at::Tensor& means);

/// Which of several candidates each face is led to in a step: the one that the attacked models together find it nearest
/// to (Yang et al., TIP-IM, ICCV 2021: the largest gain). All models lead a face to the same person, whom they choose
/// by what the step before came to.
class TargetChoice {
 public:
  /// How like each of its targets a model found faces [n,T], by the faces' numbers; several views of one are averaged.
  void note(const LoadedModel& model, const at::Tensor& likeness, const std::vector<std::int64_t>& faces);
  /// Chooses by what was noted last of each model and face.
  void choose();
  /// [faces] int64; undefined where there is nothing to choose.
  const at::Tensor& chosen() const { return chosen_; }

 private:
  std::map<const LoadedModel*, at::Tensor> last_;  ///< [faces,T]
  at::Tensor chosen_;
};

}  // namespace faceoff
