#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "faces/gallery.hpp"
#include "judge/evaluation.hpp"
#include "judge/tally.hpp"
#include "report/plots.hpp"

namespace faceoff {

/// evaluation.json: who found, aligned and judged the faces, by which weights and thresholds, between how many people
/// (`people`: where they were read from) recognisers chose, and the sums.
Json provenance(const std::vector<std::string>& command, const Examination& examination,
                const std::vector<std::string>& people, const Gallery& gallery, const std::vector<Tally>& tallies);

/// Who judged, in a sentence, for a report's head.
std::string judged_by(const Examination& examination, const Gallery& gallery);

/// By which thresholds.
Thresholds thresholds_of(const Examination& examination);

}  // namespace faceoff
