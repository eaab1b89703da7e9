#include "compare/sign_flips.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "judge/interval.hpp"

namespace faceoff {

namespace {

constexpr std::size_t most_exact = 16;

}  // namespace

double sign_flips(std::span<const double> differences) {
  std::vector<double> sizes;
  double observed = 0, all = 0;
  for (const double difference : differences) {
    if (difference == 0) continue;
    sizes.push_back(std::abs(difference));
    observed += difference;
    all += std::abs(difference);
  }
  if (sizes.empty()) return 1;
  const double bound = std::abs(observed) - 1e-9 * all;  // sums in another order are a little different
  if (sizes.size() <= most_exact) {
    // Each step of a Gray code turns one sign.
    const std::uint64_t signs = std::uint64_t{1} << sizes.size();
    std::vector<bool> falls(sizes.size());
    double sum = all;
    std::uint64_t as_far = sum >= bound ? 1 : 0;
    for (std::uint64_t step = 1; step < signs; ++step) {
      const auto i = static_cast<std::size_t>(std::countr_zero(step));
      sum += falls[i] ? 2 * sizes[i] : -2 * sizes[i];
      falls[i] = !falls[i];
      as_far += std::abs(sum) >= bound ? 1 : 0;
    }
    return static_cast<double>(as_far) / static_cast<double>(signs);
  }
  std::mt19937_64 random(1);
  int as_far = 1;  // what was observed is one of them
  for (int draw = 0; draw < resamples; ++draw) {
    double sum = 0;
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (i % 64 == 0) bits = random();
      sum += (bits & 1U) != 0 ? sizes[i] : -sizes[i];
      bits >>= 1U;
    }
    as_far += std::abs(sum) >= bound ? 1 : 0;
  }
  return as_far / (resamples + 1.);
}

}  // namespace faceoff
