#pragma once

#include <faceoff/export.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace faceoff {

/// The discrete cosine transform (DCT-II) of n values as an orthonormal matrix [n,n], float64: row k is the frequency
/// k,
///   sqrt((k > 0 ? 2 : 1) / n) · cos(π(2i + 1)k / 2n),
/// and its transpose goes back. An image's is D·x·Dᵀ.
FACEOFF_API at::Tensor dct_matrix(std::int64_t n);

}  // namespace faceoff
