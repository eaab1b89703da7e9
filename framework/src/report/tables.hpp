#pragma once

#include <string>
#include <vector>

#include "judge/tally.hpp"

namespace faceoff {

/// The report's tables as HTML; empty where there is nothing to say.
std::string recognisers_table(const std::vector<Tally>& tallies);
std::string detectors_table(const std::vector<Tally>& tallies);

}  // namespace faceoff
