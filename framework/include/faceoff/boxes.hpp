#pragma once

#include <faceoff/export.hpp>

#include <ATen/core/Tensor.h>

/// Boxes x0 y0 x1 y1 as models and references give them: differentiable, and finite where they are empty.
namespace faceoff {

/// [...,4] → [...]: 0 where a box is empty or turned inside out.
FACEOFF_API at::Tensor area_of(const at::Tensor& boxes);

/// [R,N,4] with [R,F,4] → [R,N,F]: the IoU of each with each; 0 where one is empty.
FACEOFF_API at::Tensor overlap(const at::Tensor& boxes, const at::Tensor& others);

/// [R,N,4] and faces [R,F,4] → [R,N,F]: from each box's centre to each face's, over that face's longer side; 1e6 where
/// the face is empty, which pads.
FACEOFF_API at::Tensor distance(const at::Tensor& boxes, const at::Tensor& faces);

/// [R,N,4] and the picture's own rectangle [R,4] → [R,N]: the part of it that each box covers, in [0,1].
FACEOFF_API at::Tensor share_of(const at::Tensor& boxes, const at::Tensor& extent);

}  // namespace faceoff
