#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

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

struct Wilcoxon {
  std::int64_t n = 0;                   ///< differences other than 0, which alone count
  bool exact = false;                   ///< else by the normal approximation, corrected for ties and not for continuity
  std::optional<double> p;              ///< two-sided; nothing where no pair differs
  std::optional<double> rank_biserial;  ///< matched-pairs rank-biserial correlation, from -1 (all fall) to 1 (all rise)
};

/// Wilcoxon's signed-rank test of paired differences. Exact up to 50, with ties too: over all signs that the ranks at
/// hand could have.
Wilcoxon wilcoxon(std::span<const double> differences);

/// How likely differences add up to as much either way, if each could as well have had the other sign: a paired
/// permutation test, two-sided. Given one difference a picture, summed over its faces, it asks nothing of faces on one
/// picture. Exact up to 16 differences, else from as many draws as a bootstrap takes, the same bits each time; 1 where
/// all are 0.
double sign_flips(std::span<const double> differences);

/// p-values of one family adjusted as Holm 1979 does, in their order: below 0.05 are those of differences that stand
/// even though so many were looked for.
std::vector<double> holm(std::span<const double> p);

}  // namespace faceoff
