#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "judge/tally.hpp"
#include "report/figure.hpp"
#include "report/grid.hpp"
#include "report/similarities.hpp"

namespace faceoff {

/// Success against epsilon, where there are several, and against the false accept rate.
std::vector<Figure> success_figures(const Grid& grid, const std::vector<Tally>& tallies);

/// The thresholds of recognisers, by name: cosines by false accept rate.
using Thresholds = std::map<std::string, std::map<double, double>>;

/// Cosines before and after.
std::vector<Figure> histogram_figures(const Similarities& similarities, const Thresholds& thresholds);

/// How well a cosine tells the person from the target, before and after.
std::vector<Figure> telling_figures(const Similarities& similarities);

/// The attack's objective and margin at each step, from a run's traces, where there are some.
std::vector<Figure> trace_figures(const std::filesystem::path& run, const Grid& grid);

}  // namespace faceoff
