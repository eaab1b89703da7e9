#pragma once

#include <faceoff/random.hpp>

#include <ATen/core/Tensor.h>

#include <functional>
#include <span>
#include <vector>

#include "attack/assembly.hpp"
#include "attack/margin.hpp"
#include "attack/model_views.hpp"
#include "attack/rows.hpp"
#include "attack/subject.hpp"

namespace faceoff {

/// Views of other people as a model sees them, [R,P,3,H,W]: for rows that show these pictures of the batch, so many
/// each.
using Partners = std::function<at::Tensor(const LoadedModel& model, const std::vector<std::size_t>& pictures,
                                          std::int64_t each, Random& random)>;

/// What the losses on one model came to, and where they lead.
struct Said {
  Rows rows;                         ///< the model's views, with the graph that leads back to the pictures
  at::Tensor value;                  ///< [k·B]
  at::Tensor of_answers, of_pixels;  ///< the gradient at the views' pixels, of the losses of either kind, or undefined
};

/// A model under attack: what it sees, its losses and what these compare with.
class AttackedModel {
 public:
  /// Keeps references to all but the mean; asks the model about the clean views.
  AttackedModel(const LoadedModel& model, const Assembly& assembly, const Subjects& subjects,
                std::span<const AttackInput> pictures, const at::Tensor& mean);

  const LoadedModel& model() const { return model_; }
  /// Of the losses on what the model says, all together.
  double weight() const { return weight_; }

  /// Asks the model about pictures that the `rows` rows of x have become, and its losses about its answers. The model
  /// is asked about so many views at once as its layers are fastest with, and its graph is gone before the next are.
  Said ask(const std::vector<Rows>& pictures, std::int64_t rows, const Random& random, bool gradient,
           const Partners& partners, Margins& margins) const;

 private:
  void ask_some(const Rows& rows, const at::Tensor& shares, const Random& random, std::int64_t copies, Said& said,
                std::vector<at::Tensor>& margins) const;
  /// Where the losses lead at the pixels of the rows.
  at::Tensor lead(const at::Tensor& sum, const at::Tensor& pixels, bool again) const;
  at::Tensor margin_of(const Rows& rows, const Output& output, const Reference& against, std::int64_t copies) const;

  const LoadedModel& model_;
  const Assembly& assembly_;
  const Subjects& subjects_;
  std::vector<const LossTerm*> losses_;
  double weight_ = 0;
  ModelViews views_;
};

}  // namespace faceoff
