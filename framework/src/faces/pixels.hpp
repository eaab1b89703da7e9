#pragma once

#include <ATen/core/Tensor.h>

#include "picture/picture.hpp"

namespace faceoff {

/// A decoded picture as [1,3,H,W] RGB in [0,255].
at::Tensor to_tensor(const Picture& picture, const at::TensorOptions& options);

}  // namespace faceoff
