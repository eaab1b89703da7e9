#pragma once

#include <optional>
#include <string>
#include <vector>

#include "experiment/experiment.hpp"
#include "judge/tally.hpp"

namespace faceoff {

/// What a report opens on.
struct Opening {
  /// A share of the faces, by one judge, with what the clean pictures came to.
  struct Figure {
    std::string judge, role, what;
    Counts counts;
  };
  std::string verdict;          ///< a sentence, plain text
  std::vector<Figure> figures;  ///< three at most, of those who were never attacked first
};

/// From what the pictures came to as delivered (else after the first degradation); of several variants that which came
/// out best by who was never attacked, and of several judges the one that it came out worst by. `goal`: the
/// experiment's, where it is known.
Opening opening_of(const std::vector<Tally>& tallies, std::optional<Goal> goal);

/// As HTML; empty where there is nothing to say.
std::string opening_html(const Opening& opening);

}  // namespace faceoff
