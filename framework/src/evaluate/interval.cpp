#include "evaluate/interval.hpp"

#include <algorithm>
#include <cmath>

namespace faceoff {

Estimate wilson(std::int64_t successes, std::int64_t n) {
  constexpr double z = 1.959963984540054;  // 95 %, both sides
  const auto count = static_cast<double>(n);
  const double share = static_cast<double>(successes) / count;
  const double weight = 1 + z * z / count;
  const double centre = (share + z * z / (2 * count)) / weight;
  const double half = z * std::sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / weight;
  return {share, std::max(centre - half, 0.), std::min(centre + half, 1.)};
}

}  // namespace faceoff
