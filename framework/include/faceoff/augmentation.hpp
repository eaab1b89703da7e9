#pragma once

#include <faceoff/images.hpp>
#include <faceoff/plugin.hpp>
#include <faceoff/random.hpp>
#include <faceoff/registry.hpp>

namespace faceoff {

/// A random differentiable transform of the model's view (or, with at = "picture", of the whole picture). A row's
/// numbers come from its own row of `random`. It may return k·R rows, the copies of a row adjacent.
class FACEOFF_API Augmentation : public Plugin {
 public:
  ~Augmentation() override;
  virtual Images operator()(const Images& images, Random& random) = 0;
};

}  // namespace faceoff
