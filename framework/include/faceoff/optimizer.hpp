#pragma once

#include <faceoff/budget.hpp>
#include <faceoff/objective.hpp>
#include <faceoff/plugin.hpp>
#include <faceoff/registry.hpp>

namespace faceoff {

/// An attack. It owns its loop and returns the best subjects it found, [B,3,H,W], within the budget.
class FACEOFF_API Optimizer : public Plugin {
 public:
  ~Optimizer() override;
  virtual at::Tensor run(Objective& objective, const Budget& budget) = 0;
};

}  // namespace faceoff
