#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "faces/gallery.hpp"
#include "judge/evaluation.hpp"

namespace faceoff {

/// evaluation.json: who found, aligned and judged the faces, by which weights and thresholds, and between how many
/// people
/// (`people`: where they were read from) recognisers chose.
Json provenance(const std::vector<std::string>& command, const Panel& panel, const std::vector<std::string>& people,
                const Gallery& gallery);

/// The same in a sentence, for a report's head.
std::string judged_by(const Panel& panel, const Gallery& gallery);

}  // namespace faceoff
