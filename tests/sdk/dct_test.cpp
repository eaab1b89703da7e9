#include <faceoff/dct.hpp>

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

#include "support.hpp"

namespace faceoff {
namespace {

TEST(Dct, IsOrthonormal) {
  for (const std::int64_t n : {1, 2, 8, 37}) {
    const at::Tensor matrix = dct_matrix(n);
    EXPECT_LT(largest_difference(at::matmul(matrix, matrix.t()), at::eye(n, at::kDouble)), 1e-12) << n;
  }
}

TEST(Dct, FindsAWavesFrequency) {
  const at::Tensor middles = at::arange(12, at::kDouble) + .5;
  for (const std::int64_t k : {0, 1, 7, 11}) {
    const at::Tensor wave = (middles * (std::numbers::pi * static_cast<double>(k) / 12)).cos();
    at::Tensor expected = at::zeros({12}, at::kDouble);
    expected[k] = std::sqrt(k > 0 ? 6. : 12.);  // the wave's length
    EXPECT_LT(largest_difference(at::matmul(dct_matrix(12), wave), expected), 1e-12) << k;
  }
}

}  // namespace
}  // namespace faceoff
