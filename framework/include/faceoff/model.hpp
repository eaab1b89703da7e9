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
  /// images: [R,3,H,W] RGB in [0,255], of the size that view() asks for.
  virtual Output forward(const at::Tensor& images) = 0;
  /// False: the host reaches it through Objective::value alone.
  virtual bool differentiable() const { return true; }
  /// Called once a step, for what changes from step to step (dropout masks and the like).
  virtual void redraw(Random& random);
};

}  // namespace faceoff
