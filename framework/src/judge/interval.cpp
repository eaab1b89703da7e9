#include "judge/interval.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

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

double quantile(std::span<const double> sorted, double part) {
  const double place = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Estimate bootstrap_mean(std::span<const Cluster> clusters) {
  const auto mean = [](const Cluster& all) { return all.sum / static_cast<double>(all.n); };
  Cluster all;
  for (const Cluster& one : clusters) all = {all.sum + one.sum, all.n + one.n};
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  if (clusters.size() < 2) return {mean(all), unknown, unknown};
  std::mt19937_64 random(1);  // whose numbers the standard fixes, unlike those of its distributions
  std::vector<double> means(resamples);
  for (double& drawn_mean : means) {
    Cluster drawn;
    std::uint64_t bits = 0;  // enough for two
    for (std::size_t i = 0; i < clusters.size(); ++i) {
      bits = i % 2 == 0 ? random() : bits << 32U;
      const Cluster& one = clusters[((bits >> 32U) * clusters.size()) >> 32U];
      drawn.sum += one.sum;
      drawn.n += one.n;
    }
    drawn_mean = mean(drawn);
  }
  std::ranges::sort(means);
  return {mean(all), quantile(means, .025), quantile(means, .975)};
}

}  // namespace faceoff
