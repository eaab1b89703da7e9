#pragma once

#include <faceoff/random.hpp>

#include <ATen/core/Tensor.h>

#include <functional>
#include <span>
#include <string>
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

/// What a step draws and chooses.
struct StepChoices {
  at::Tensor drawn;   ///< [L,k·B]: whether each of a model's losses has drawn it
  at::Tensor target;  ///< [faces]: which of several targets each face is led to, or undefined
};

/// What the losses on one model came to, and where they lead.
struct ModelLosses {
  Rows rows;            ///< the model's views, with the graph that leads back to the pictures
  at::Tensor value;     ///< [k·B]
  at::Tensor weight;    ///< [k·B]: of the losses all together
  at::Tensor gradient;  ///< at the views' pixels, or undefined
  at::Tensor likeness;  ///< [n,T] of the views with each of several targets, or undefined
};

/// A loss's values [n] of rows with these pixels [n,3,H,W]. Throws PluginError where they are not what they should be.
at::Tensor ask_loss(const LossTerm& term, const Output& adversarial, const Reference& reference,
                    const at::Tensor& pixels);

/// The gradient at x of outputs, from the gradients at these (one each, or none: 1). Throws PluginError that names
/// `who` where none reaches x, or it is not finite.
at::Tensor gradient_at(const at::Tensor& x, const std::vector<at::Tensor>& outputs,
                       const std::vector<at::Tensor>& along, bool keep_graph, const std::string& who);

/// A model under attack: what it sees, its losses and what these compare with.
class AttackedModel {
 public:
  /// Keeps references to all but the mean; asks the model about the clean views.
  AttackedModel(const LoadedModel& model, const Assembly& assembly, const Subjects& subjects,
                std::span<const AttackInput> pictures, const at::Tensor& mean);

  const LoadedModel& model() const { return model_; }

  /// [L,B]: whether each of the model's losses draws the model for a subject in this step, by the step's numbers. Of
  /// its models a loss takes those with the least numbers, so that losses on the same models draw the same ones.
  at::Tensor drawn(const Random& step) const;

  /// [faces,T]: how like each of several targets the clean faces are; undefined where there are no several.
  at::Tensor clean_likeness() const;

  /// Asks the model about pictures that the rows of x have become, and its losses about its answers, where they have
  /// drawn it. The model is asked about so many views at once as its layers are fastest with, and its graph is gone
  /// before the next are.
  ModelLosses ask(const std::vector<Rows>& pictures, const StepChoices& chosen, const Random& random, bool gradient,
                  const Partners& partners, Margins& margins) const;

 private:
  /// `counts`: what each loss counts for in each of the rows [L,n].
  void ask_some(const Rows& rows, const at::Tensor& counts, const at::Tensor& target, const Random& random,
                ModelLosses& said, std::vector<at::Tensor>& margins) const;
  /// Where the losses lead at the pixels of the rows.
  at::Tensor lead(const at::Tensor& sum, const at::Tensor& pixels) const;
  at::Tensor margin_of(const Rows& rows, const Output& output, const Reference& against, std::int64_t copies) const;

  const LoadedModel& model_;
  const Assembly& assembly_;
  const Subjects& subjects_;
  std::vector<const LossTerm*> losses_;
  ModelViews views_;
};

}  // namespace faceoff
