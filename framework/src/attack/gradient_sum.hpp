#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "attack/attacked_model.hpp"
#include "attack/rows.hpp"
#include "attack/subject.hpp"

namespace faceoff {

/// The gradient at x, added up model by model.
class GradientSum {
 public:
  /// `pictures`: what x has become at the picture. Keeps references to pictures and subjects. With `balance` each
  /// model's gradient counts over its own mean size, times its weight; losses on pixels alone are added as they are.
  GradientSum(at::Tensor x, const std::vector<Rows>& pictures, const Subjects& subjects, Balance balance);

  /// The same pictures, from which a model's graph begins anew.
  const std::vector<Rows>& leaves() const { return leaves_; }
  void add(const AttackedModel& attacked, const Said& said);
  /// Like x.
  at::Tensor take();

 private:
  /// Through the views and the augmentations at the view.
  std::vector<at::Tensor> at_leaves(const AttackedModel& attacked, const Rows& rows, const at::Tensor& gradient,
                                    bool again) const;
  void keep(const std::vector<at::Tensor>& gradients);
  /// Through the augmentations at the picture.
  at::Tensor to_x(const std::vector<at::Tensor>& gradients) const;
  /// Each row over the mean size of its gradient, where it does not pad.
  at::Tensor over_its_size(const at::Tensor& gradient) const;

  at::Tensor x_;
  const std::vector<Rows>& pictures_;
  const Subjects& subjects_;
  bool balanced_;
  std::vector<Rows> leaves_;
  std::vector<at::Tensor> leaf_sums_;  ///< what is not balanced
  at::Tensor sum_;                     ///< what is
  bool any_ = false;                   ///< whether there is anything in leaf_sums_
};

}  // namespace faceoff
