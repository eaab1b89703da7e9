#pragma once

#include <faceoff/export.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace faceoff {

/// Which input positions make up each output position along one axis, and with what weight. A separable, differentiable
/// resampling is a pair of these.
struct Taps {
  at::Tensor index;   ///< [out,k] int64
  at::Tensor weight;  ///< [out,k]; rows of a zero-padded area have weight 0
};

/// TensorFlow's legacy bilinear (align_corners and half_pixel_centers false): src = dst·in/out. `in` counts the padded
/// input, of which [begin, begin + available) exists; the rest is zero.
FACEOFF_API Taps legacy_bilinear(std::int64_t in, std::int64_t out, std::int64_t begin, std::int64_t available);

/// The triangle filter over the interval [from, to) of an axis with `available` positions, half-pixel centres, support
/// widened by the scale when shrinking (antialiased), the border repeated.
FACEOFF_API Taps triangle(double from, double to, std::int64_t out, std::int64_t available);

/// The mean over each output position's share of the input: pixels that it has a part of count by that part.
FACEOFF_API Taps area(std::int64_t in, std::int64_t out);

/// Bilinear with half-pixel centres and not antialiased: `available` positions come to lie on `inside` of `out`, from
/// `begin` on, the border repeated; the rest is zero.
FACEOFF_API Taps half_pixel_bilinear(std::int64_t available, std::int64_t out, std::int64_t begin, std::int64_t inside);

/// images [R,C,H,W] → [R,C,rows.out,columns.out]; of uint8, float32 is made
FACEOFF_API at::Tensor resample(const at::Tensor& images, const Taps& rows, const Taps& columns);

}  // namespace faceoff
