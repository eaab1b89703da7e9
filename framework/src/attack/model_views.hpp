#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "attack/rows.hpp"
#include "attack/subject.hpp"
#include "faces/views.hpp"
#include "plugins/loaded_model.hpp"

namespace faceoff {

/// What one attacked model sees of the subjects: a row a face, or for whole pictures a row a subject. Views of subjects
/// that no augmentation has moved are those that were made at the beginning.
class ModelViews {
 public:
  /// Keeps references to all.
  ModelViews(const LoadedModel& model, const Subjects& subjects, std::span<const AttackInput> pictures);

  /// How many reference rows the model has, and the first of a subject's.
  std::int64_t references() const { return first_.back(); }
  std::int64_t first(std::size_t subject) const { return first_[subject]; }

  /// The views of these pictures, of which `copies` rows of x belong to a subject; none of a face that a draw does not
  /// show. Throws PluginError where a transform was no affine map, so that nobody knows where the faces are.
  Rows of(const std::vector<Rows>& pictures, std::int64_t copies) const;

  /// The views of the pictures as they are, a row a reference.
  at::Tensor clean() const;

 private:
  const Face& face(std::size_t subject, std::size_t place) const;
  void add(const Rows& pictures, std::int64_t copies, Rows& rows, std::vector<at::Tensor>& pixels,
           std::vector<at::Tensor>& maps, std::vector<at::Tensor>& landmarks) const;

  const LoadedModel& model_;
  const Subjects& subjects_;
  std::span<const AttackInput> pictures_;
  bool of_faces_ = false;
  std::vector<std::int64_t> first_ = {0};
  std::vector<std::vector<View>> still_;  ///< of each subject's faces, or of the subject
};

}  // namespace faceoff
