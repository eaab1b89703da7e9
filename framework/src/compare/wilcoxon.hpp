#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace faceoff {

struct Wilcoxon {
  std::int64_t n = 0;                   ///< differences other than 0, which alone count
  bool exact = false;                   ///< else by the normal approximation, corrected for ties and not for continuity
  std::optional<double> p;              ///< two-sided; nothing where no pair differs
  std::optional<double> rank_biserial;  ///< matched-pairs rank-biserial correlation, from -1 (all fall) to 1 (all rise)
};

/// Wilcoxon's signed-rank test of paired differences. Exact up to 50, with ties too: over all signs that the ranks at
/// hand could have.
Wilcoxon wilcoxon(std::span<const double> differences);

}  // namespace faceoff
