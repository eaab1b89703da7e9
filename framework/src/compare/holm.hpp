#pragma once

#include <span>
#include <vector>

namespace faceoff {

/// p-values of one family adjusted as Holm 1979 does, in their order: below 0.05 are those of differences that stand
/// even though so many were looked for.
std::vector<double> holm(std::span<const double> p);

}  // namespace faceoff
