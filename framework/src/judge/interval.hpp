#pragma once

#include <cstdint>
#include <span>

namespace faceoff {

/// A figure with its 95 % interval.
struct Estimate {
  double value = 0, low = 0, high = 0;
};

/// A share of n with Wilson's score interval (Wilson 1927), which holds for few and for extreme shares too; n > 0.
Estimate wilson(std::int64_t successes, std::int64_t n);

/// Values that belong together, such as those of a picture's faces: they are drawn together or not at all.
struct Cluster {
  double sum = 0;
  std::int64_t n = 0;  ///< above 0
};

/// How often a bootstrap or a test by chance draws.
constexpr int resamples = 10'000;

/// The mean of all clusters' values with its percentile bootstrap interval, which draws whole clusters; the same bits
/// each time. The interval is NaN where there are fewer than two clusters, which say nothing about others; at least
/// one.
Estimate bootstrap_mean(std::span<const Cluster> clusters);

/// The value at this part (0 to 1) of sorted ones, between two of them where it has to be, as numpy's quantile; at
/// least one.
double quantile(std::span<const double> sorted, double part);

}  // namespace faceoff
