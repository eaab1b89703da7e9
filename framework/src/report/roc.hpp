#pragma once

#include <string>
#include <vector>

#include "judge/verification.hpp"
#include "report/plots.hpp"

namespace faceoff {

/// An embedder's name, as it is shown, and how well it verifies.
struct RocLine {
  std::string name;
  Performance performance;
};

/// The false accept rates that a plot shows intervals at, from where they are measured to where every model accepts the
/// same.
const std::vector<double>& roc_rates();

/// True against false accept rate, a line a model, the false accept rate in powers of ten down to where ten pairs pass;
/// the intervals are those of `at_rate`.
Figure roc_figure(const std::vector<RocLine>& lines);

/// The figure as a page, drawn by these scripts; at least one line.
std::string roc_page(const std::vector<RocLine>& lines, const std::vector<std::string>& scripts);

}  // namespace faceoff
