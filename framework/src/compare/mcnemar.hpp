#pragma once

#include <cstdint>
#include <optional>

#include "judge/interval.hpp"

namespace faceoff {

/// What two variants made of the same faces, where each either succeeded or did not.
struct Pairs {
  std::int64_t n = 0;
  std::int64_t gained = 0, lost = 0;  ///< successes of the second alone, of the first alone
};

struct McNemar {
  /// The second's share minus the first's, with the interval of Agresti and Min 2005 (Wald's, with half a pair more of
  /// each of the four kinds), which is wide where pairs are few and none where all agree.
  Estimate difference;
  double p = 1;                      ///< exact (binomial), two-sided; 1 where no pair differs
  std::optional<double> g;           ///< Cohen's, from -0.5 to 0.5: the gains' share of all that differ, less a half
  std::optional<double> odds_ratio;  ///< gained / lost; nothing where none was lost
};

/// McNemar's test; n > 0.
McNemar mcnemar(const Pairs& pairs);

}  // namespace faceoff
