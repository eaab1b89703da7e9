// Tests of what is paired, and what becomes of their p-values.
#include "compare/paired_tests.hpp"

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace faceoff {

namespace {

/// Twice the rank of each size, whole numbers even where ties share a rank; and the sum of t³ − t over ties.
struct Ranks {
  std::vector<std::size_t> doubled;
  double ties = 0;
};

Ranks ranks_of(std::span<const double> sizes) {
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::size_t i) { return sizes[i]; });
  Ranks ranks{std::vector<std::size_t>(sizes.size())};
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    while (end < order.size() && sizes[order[end]] == sizes[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) ranks.doubled[order[i]] = begin + 1 + end;
    const auto tied = static_cast<double>(end - begin);
    ranks.ties += tied * tied * tied - tied;
  }
  return ranks;
}

/// How likely the rising ranks' sum is as far from the middle as it is, each rank rising or falling by a coin's toss.
double exact_p(const std::vector<std::size_t>& doubled, std::size_t rising) {
  const std::size_t all = std::accumulate(doubled.begin(), doubled.end(), std::size_t{0});
  std::vector<double> ways(all + 1);  // at most 2^50 in all, so exact
  ways[0] = 1;
  for (const std::size_t rank : doubled) {
    for (std::size_t sum = all; sum >= rank; --sum) ways[sum] += ways[sum - rank];
  }
  const std::size_t less = std::min(rising, all - rising);
  const double tail = std::accumulate(ways.begin(), ways.begin() + static_cast<std::ptrdiff_t>(less) + 1, 0.);
  return std::min(1., 2 * std::ldexp(tail, -static_cast<int>(doubled.size())));
}

double approximate_p(double n, double ties, double rising) {
  const double mean = n * (n + 1) / 4;
  const double deviation = std::sqrt((n * (n + 1) * (2 * n + 1) - ties / 2) / 24);
  const double z = std::abs(rising - mean) / deviation;
  return 2 * boost::math::cdf(boost::math::complement(boost::math::normal_distribution<double>(), z));
}

}  // namespace

Estimate share_difference(const Pairs& pairs) {
  constexpr double z = 1.959963984540054;  // 95 %, both sides
  const auto n = static_cast<double>(pairs.n), gained = static_cast<double>(pairs.gained),
             lost = static_cast<double>(pairs.lost);
  const double more = n + 2, net = gained - lost, apart = gained + lost + 1;
  const double centre = net / more;
  const double half = z * std::sqrt(apart - net * net / more) / more;
  return {net / n, std::max(centre - half, -1.), std::min(centre + half, 1.)};
}

PairedTest mcnemar(const Pairs& pairs) {
  const auto gained = static_cast<double>(pairs.gained), apart = static_cast<double>(pairs.gained + pairs.lost);
  if (apart == 0) return {"mcnemar", 1, {}};
  const boost::math::binomial_distribution<double> chance(apart, .5);
  return {"mcnemar", std::min(1., 2 * boost::math::cdf(chance, std::min(gained, apart - gained))), gained / apart - .5};
}

PairedTest wilcoxon(std::span<const double> differences) {
  std::vector<double> sizes;
  std::vector<bool> rises;
  for (const double difference : differences) {
    if (difference == 0) continue;
    sizes.push_back(std::abs(difference));
    rises.push_back(difference > 0);
  }
  if (sizes.empty()) return {"wilcoxon (exact)", {}, {}};
  const Ranks ranks = ranks_of(sizes);
  std::size_t rising = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) rising += rises[i] ? ranks.doubled[i] : 0;
  const auto n = static_cast<double>(sizes.size()), doubled_sum = static_cast<double>(rising);
  const double effect = 2 * doubled_sum / (n * (n + 1)) - 1;
  constexpr std::size_t most_exact = 50;
  if (sizes.size() <= most_exact) return {"wilcoxon (exact)", exact_p(ranks.doubled, rising), effect};
  return {"wilcoxon (normal)", approximate_p(n, ranks.ties, doubled_sum / 2), effect};
}

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
  // Whether they add up to as much with signs that come 64 at a time.
  const auto as_far = [&](auto&& next_signs) {
    double sum = 0;
    std::uint64_t signs = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      if (i % 64 == 0) signs = next_signs();
      sum += (signs & 1U) != 0 ? sizes[i] : -sizes[i];
      signs >>= 1U;
    }
    return std::abs(sum) >= bound ? 1 : 0;
  };
  int found = 0;
  constexpr std::size_t most_exact = 16;
  if (sizes.size() <= most_exact) {
    const std::uint64_t all_signs = std::uint64_t{1} << sizes.size();
    for (std::uint64_t signs = 0; signs < all_signs; ++signs) found += as_far([&] { return signs; });
    return found / static_cast<double>(all_signs);
  }
  std::mt19937_64 random(1);
  for (int draw = 0; draw < resamples; ++draw) found += as_far(random);
  return (found + 1) / (resamples + 1.);  // what was observed is one of them
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p[i]; });
  std::vector<double> adjusted(p.size());
  double least = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    least = std::max(least, std::min(1., static_cast<double>(order.size() - i) * p[order[i]]));
    adjusted[order[i]] = least;
  }
  return adjusted;
}

}  // namespace faceoff
