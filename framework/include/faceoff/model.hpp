#pragma once

#include <faceoff/output.hpp>
#include <faceoff/plugin.hpp>
#include <faceoff/random.hpp>
#include <faceoff/registry.hpp>
#include <faceoff/view.hpp>

namespace faceoff {

/// A detector, a landmark model or an embedder: they differ only in what they provide.
class FACEOFF_API Model : public Plugin {
 public:
  ~Model() override;
  virtual Field provides() const = 0;
  virtual ViewSpec view() const = 0;
  /// images: [R,3,H,W] RGB in [0,255], of the size that view() asks for. The same images give the same answer.
  virtual Output forward(const at::Tensor& images) = 0;
  /// The same while it is attacked, for models that change at random (dropout in a surrogate): `random` has a row an
  /// image, and other numbers for each evaluation of each step. Where it judges, finds faces or gives references, it is
  /// asked forward().
  virtual Output forward_attacked(const at::Tensor& images, Random& random);
  /// False: the host reaches it through Objective::value alone.
  virtual bool differentiable() const { return true; }
};

}  // namespace faceoff
