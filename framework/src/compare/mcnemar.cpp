#include "compare/mcnemar.hpp"

#include <boost/math/distributions/binomial.hpp>

#include <algorithm>
#include <cmath>

namespace faceoff {

namespace {

Estimate agresti_min(double n, double gained, double lost) {
  constexpr double z = 1.959963984540054;  // 95 %, both sides
  const double more = n + 2, net = gained - lost, apart = gained + lost + 1;
  const double centre = net / more;
  const double half = z * std::sqrt(apart - net * net / more) / more;
  return {net / n, std::max(centre - half, -1.), std::min(centre + half, 1.)};
}

}  // namespace

McNemar mcnemar(const Pairs& pairs) {
  const auto gained = static_cast<double>(pairs.gained), lost = static_cast<double>(pairs.lost);
  McNemar found;
  found.difference = agresti_min(static_cast<double>(pairs.n), gained, lost);
  const double apart = gained + lost;
  if (apart > 0) {
    const boost::math::binomial_distribution<double> chance(apart, .5);
    found.p = std::min(1., 2 * boost::math::cdf(chance, std::min(gained, lost)));
    found.g = gained / apart - .5;
  }
  if (lost > 0) found.odds_ratio = gained / lost;
  return found;
}

}  // namespace faceoff
