#pragma once

#include <faceoff/export.hpp>

#include <torch/types.h>

namespace faceoff {

/// What an augmentation changes.
struct Images {
  at::Tensor pixels;     ///< [R,3,H,W] RGB in [0,255]
  at::Tensor map;        ///< [R,2,3] affine, from the picture's pixels to these, so that true boxes move along
  at::Tensor landmarks;  ///< [R,K,2] in these pixels, or undefined
};

/// The images' maps followed by another affine map: [R,2,3] ∘ [R,2,3] → [R,2,3].
FACEOFF_API at::Tensor compose(const at::Tensor& after, const at::Tensor& before);

/// Points [R,…,2] through the rows' maps [R,2,3].
FACEOFF_API at::Tensor apply_map(const at::Tensor& map, const at::Tensor& points);

/// Boxes [R,N,4] through the rows' maps, as the upright boxes about the mapped corners.
FACEOFF_API at::Tensor map_boxes(const at::Tensor& map, const at::Tensor& boxes);

/// The map x → scale·x + shift a row, from [R] tensors.
FACEOFF_API at::Tensor scale_and_shift(const at::Tensor& scale_x, const at::Tensor& scale_y, const at::Tensor& shift_x,
                                       const at::Tensor& shift_y);

}  // namespace faceoff
