#include <faceoff/dct.hpp>

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace faceoff {

at::Tensor dct_matrix(std::int64_t n) {
  const at::Tensor k = at::arange(n, at::kDouble), places = 2 * k + 1;
  const double unit = std::numbers::pi / (2 * static_cast<double>(n));
  at::Tensor matrix = (at::outer(k, places) * unit).cos() * std::sqrt(2 / static_cast<double>(n));
  matrix[0].fill_(1 / std::sqrt(static_cast<double>(n)));
  return matrix;
}

}  // namespace faceoff
