#pragma once

#include <faceoff/output.hpp>
#include <faceoff/plugin.hpp>
#include <faceoff/registry.hpp>

namespace faceoff {

/// An objective on one model's output. There is one sign: a loss is minimised.
class FACEOFF_API Loss : public Plugin {
 public:
  ~Loss() override;
  virtual Field needs() const = 0;
  /// A value a row, [R]; differentiable in the adversarial output.
  virtual at::Tensor operator()(const Output& adversarial, const Reference& reference) const = 0;
};

}  // namespace faceoff
