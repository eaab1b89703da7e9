#pragma once

#include <faceoff/budget.hpp>
#include <faceoff/objective.hpp>
#include <faceoff/plugin.hpp>
#include <faceoff/registry.hpp>

namespace faceoff {

/// An attack. It owns its loop and returns the best subjects it found, [B,3,H,W], within the budget. Rows are subjects
/// of one picture or of several: each is attacked as if it were alone.
class FACEOFF_API Optimizer : public Plugin {
 public:
  ~Optimizer() override;
  virtual at::Tensor run(Objective& objective, const Budget& budget) = 0;
  /// Whether it goes by which of two values is lower: then the gradient has to be that of the value, and an experiment
  /// that balances the gradients of its models refuses it.
  virtual bool compares_values() const { return false; }
};

}  // namespace faceoff
