#pragma once

#include <faceoff/output.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "attack/rows.hpp"
#include "attack/subject.hpp"
#include "faces/views.hpp"
#include "plugins/loaded_model.hpp"

namespace faceoff {

/// What one attacked model sees of the subjects: a row a face, or for whole pictures a row a subject. Views of subjects
/// that no augmentation has moved are those that were made at the beginning. And what the losses on the model compare
/// its answers with: what it says of the clean pictures, the faces and the targets. Only what a loss on it needs is
/// kept, and what tells how far the goal is reached.
class ModelViews {
 public:
  /// Keeps references to the first three. `wanted`: what the model's losses need. `mean`: the gallery's mean embedding,
  /// or undefined. Asks the model about the clean views.
  ModelViews(const LoadedModel& model, const Subjects& subjects, std::span<const AttackInput> pictures, Field wanted,
             at::Tensor mean, double minimum_score);

  /// The first of a subject's reference rows.
  std::int64_t first(std::size_t subject) const { return first_[subject]; }

  /// The views of these pictures, of which `copies` rows of x belong to a subject; none of a face that a draw does not
  /// show. Throws PluginError where a transform was no affine map, so that nobody knows where the faces are.
  Rows of(const std::vector<Rows>& pictures, std::int64_t copies) const;

  /// What losses compare with, row by row; `copies`: how many rows of x a subject has; `chosen`: of several targets
  /// each reference's one [references], or undefined.
  Reference reference(const Rows& rows, std::int64_t copies, const at::Tensor& chosen) const;
  /// The means of each reference's targets [references,T,D], where it has several, and its embedding on the clean
  /// picture; undefined where there are none.
  const at::Tensor& several_targets() const { return several_targets_; }
  const at::Tensor& clean_embeddings() const { return clean_.embedding; }
  /// The boxes [R,F,4] of the subjects' faces as the detector draws them on the clean picture, in the rows' pixels;
  /// empty boxes pad. Undefined for other models, and where a transform was no affine map.
  at::Tensor drawn(const Rows& rows, std::int64_t copies) const;

 private:
  const AttackInput& picture(std::size_t subject) const;
  const Face& face(std::size_t subject, std::size_t place) const;
  void ask();
  void draw(double minimum_score);
  void gather_own();
  void gather_targets();
  at::Tensor placed(const at::Tensor& boxes, const Rows& rows, std::int64_t copies) const;

  const LoadedModel& model_;
  const Subjects& subjects_;
  std::span<const AttackInput> pictures_;
  bool of_faces_ = false;
  std::vector<std::int64_t> first_ = {0};
  std::vector<std::vector<View>> clean_views_;  ///< of each subject's faces, or of the subject, on the clean picture
  std::vector<std::vector<View>> still_;        ///< the same on what is shown of the subject

  Field wanted_;
  Output clean_;              ///< a row a reference
  at::Tensor own_, targets_;  ///< likewise
  at::Tensor several_targets_;
  at::Tensor mean_;
  at::Tensor faces_;   ///< [B,F,4] float64, of each subject's picture, in its pixels
  at::Tensor frames_;  ///< [B,1,4] float64
  at::Tensor drawn_;   ///< [B,F,4] float64, or undefined
};

}  // namespace faceoff
