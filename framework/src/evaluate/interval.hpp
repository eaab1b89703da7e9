#pragma once

#include <cstdint>

namespace faceoff {

/// A figure with its 95 % interval.
struct Estimate {
  double value = 0, low = 0, high = 0;
};

/// A share of n with Wilson's score interval (Wilson 1927), which holds for few and for extreme shares too; n > 0.
Estimate wilson(std::int64_t successes, std::int64_t n);

}  // namespace faceoff
