#pragma once

#include <string>
#include <vector>

#include "judge/verification.hpp"

namespace faceoff {

/// An embedder's name, as it is shown, and how well it verifies.
struct RocLine {
  std::string name;
  Performance performance;
};

/// The false accept rates that a plot shows intervals at, from where they are measured to where every model accepts the
/// same.
const std::vector<double>& roc_rates();

/// True against false accept rate as an SVG picture, a line a model, the false accept rate in powers of ten down to
/// where ten pairs pass; the intervals are those of `at_rate`. It is light, and dark where its reader prefers that.
std::string roc_svg(std::vector<RocLine> lines);

}  // namespace faceoff
