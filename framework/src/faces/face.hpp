#pragma once

#include <ATen/core/Tensor.h>

#include "faces/box.hpp"

namespace faceoff {

/// One face of a picture, in its pixels.
struct Face {
  Box box;
  double score = 0;
  at::Tensor landmarks;  ///< [K,2] float64, or undefined
};

}  // namespace faceoff
