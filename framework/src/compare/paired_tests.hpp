#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "judge/interval.hpp"

namespace faceoff {

/// What two variants made of the same faces, where each either succeeded or did not.
struct Pairs {
  std::int64_t n = 0;                 ///< above 0
  std::int64_t gained = 0, lost = 0;  ///< successes of the second alone, of the first alone
};

/// The second's share minus the first's, with the interval of Agresti and Min 2005 (Wald's, with half a pair more of
/// each of the four kinds), which is wide where pairs are few and none where all agree.
Estimate share_difference(const Pairs& pairs);

struct PairedTest {
  const char* name = "";         ///< "mcnemar", "wilcoxon (exact)" or "wilcoxon (normal)"
  std::optional<double> p;       ///< two-sided
  std::optional<double> effect;  ///< nothing where no pair differs
};

/// McNemar's test, exact (binomial): p is 1 where no pair differs. The effect is Cohen's g, from -0.5 to 0.5: the
/// gains' share of all that differ, less a half.
PairedTest mcnemar(const Pairs& pairs);

/// Wilcoxon's signed-rank test of paired differences, of which those other than 0 count: no p where there is none.
/// Exact up to 50, with ties too: over all signs that the ranks at hand could have; else by the normal approximation,
/// corrected for ties and not for continuity. The effect is the matched-pairs rank-biserial correlation, from -1 (all
/// fall) to 1 (all rise).
PairedTest wilcoxon(std::span<const double> differences);

/// How likely differences add up to as much either way, if each could as well have had the other sign: a paired
/// permutation test, two-sided. Given one difference a picture, summed over its faces, it asks nothing of faces on one
/// picture. Exact up to 16 differences, else from as many draws as a bootstrap takes, the same bits each time; 1 where
/// all are 0.
double sign_flips(std::span<const double> differences);

/// p-values of one family adjusted as Holm 1979 does, in their order: below 0.05 are those of differences that stand
/// even though so many were looked for.
std::vector<double> holm(std::span<const double> p);

}  // namespace faceoff
