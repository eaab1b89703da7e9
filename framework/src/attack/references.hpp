#pragma once

#include <faceoff/output.hpp>

#include <ATen/core/Tensor.h>

#include <map>
#include <span>

#include "attack/assembly.hpp"
#include "attack/model_views.hpp"
#include "attack/rows.hpp"
#include "attack/subject.hpp"

namespace faceoff {

/// What the losses on one attacked model compare with: what it says of the clean pictures, the faces and the targets.
/// Only what a loss on it needs is kept, and what tells how far the goal is reached.
class References {
 public:
  /// `wanted`: what the model's losses need. `mean`: the gallery's mean embedding, or undefined. Asks the model about
  /// the clean views.
  References(const LoadedModel& model, const ModelViews& views, const Subjects& subjects,
             std::span<const AttackInput> pictures, Field wanted, at::Tensor mean, double minimum_score);

  /// Row by row; `copies`: how many rows of x a subject has.
  Reference of(const Rows& rows, std::int64_t copies) const;
  /// The boxes [R,F,4] of the subjects' faces as the detector draws them on the clean picture, in the rows' pixels;
  /// empty boxes pad. Undefined for other models, and where a transform was no affine map.
  at::Tensor drawn(const Rows& rows, std::int64_t copies) const;

 private:
  void ask(const ModelViews& views);
  void draw(std::span<const AttackInput> pictures, double minimum_score);
  void gather_targets(std::span<const AttackInput> pictures);
  at::Tensor placed(const at::Tensor& boxes, const Rows& rows, std::int64_t copies) const;

  const LoadedModel& model_;
  const Subjects& subjects_;
  Field wanted_;
  Output clean_;              ///< a row a reference
  at::Tensor own_, targets_;  ///< likewise
  at::Tensor mean_;
  at::Tensor faces_;   ///< [B,F,4] float64, of each subject's picture, in its pixels
  at::Tensor frames_;  ///< [B,1,4] float64
  at::Tensor drawn_;   ///< [B,F,4] float64, or undefined
};

}  // namespace faceoff
