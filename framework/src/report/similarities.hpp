#pragma once

#include <map>
#include <string>
#include <vector>

#include "report/grid.hpp"

namespace faceoff {

/// Cosines of the faces that were found: with the person's own other photos, where there are some, and with the
/// target's.
struct Cosines {
  std::vector<double> self, target;
};

/// What one recogniser says, by series.
struct SimilaritiesOf {
  std::string name, role;
  std::map<std::string, Cosines> series;
};

struct Similarities {
  std::vector<std::string> series;  ///< "clean", then a variant each
  std::vector<SimilaritiesOf> recognisers;
};

/// From the lines of evaluation.jsonl that the grid shows.
Similarities similarities(const Grid& grid, const std::vector<EvaluationLine>& lines);

}  // namespace faceoff
