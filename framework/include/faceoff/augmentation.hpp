#pragma once

#include <faceoff/images.hpp>
#include <faceoff/plugin.hpp>
#include <faceoff/random.hpp>
#include <faceoff/registry.hpp>

#include <cstdint>
#include <functional>

namespace faceoff {

/// A random differentiable transform of the model's view (or, with at = "picture", of the whole picture). A row's
/// numbers come from its own row of `random`. It may return k·R rows, the copies of a row adjacent. A view keeps its
/// size; a whole picture may change it. Where pixels move by an affine map, `map` and `landmarks` move along; what is
/// no affine map says so by an undefined map, and losses that need boxes then refuse it.
class FACEOFF_API Augmentation : public Plugin {
 public:
  ~Augmentation() override;
  virtual Images operator()(const Images& images, Random& random) = 0;
  /// How many views of other people's photos it wants for each row, in Images.partners: people of [data] people, of the
  /// photos that an attack may look at, drawn for each row anew. For views alone.
  virtual std::int64_t partners() const { return 0; }
};

/// The pixels as they are, whose gradient `filter` changes on its way back: [R,3,H,W] to the like. A gradient filter is
/// an augmentation at the picture that returns this. Where no gradient is asked for, just the pixels.
FACEOFF_API at::Tensor filter_gradient(const at::Tensor& pixels,
                                       const std::function<at::Tensor(const at::Tensor& gradient)>& filter);

}  // namespace faceoff
