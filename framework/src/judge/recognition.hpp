#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "judge/lineup.hpp"
#include "judge/outcome.hpp"
#include "plugins/loaded_model.hpp"

namespace faceoff {

/// The false accept rates that success is told at, and their names.
inline const std::array<std::pair<const char*, double>, 3> false_accept_rates = {
    {{"1e-2", 1e-2}, {"1e-3", 1e-3}, {"1e-4", 1e-4}}};

/// Of the clean picture and of the delivered one, both after the same degradation.
template <class T>
using BeforeAfter = std::array<T, 2>;

/// Whether something holds, by the name of a false accept rate.
using AtRates = std::map<std::string, BeforeAfter<bool>>;

/// Who a face is taken for; the similarity is not known of what other services answered.
struct BestMatch {
  std::string name;
  std::optional<double> similarity;
};

/// What one recogniser makes of one face.
struct Recognition {
  std::string name, role;
  BeforeAfter<bool> found = {};  ///< whether it was shown the face at all

  // By the best match; nothing where there are no people to choose between.
  std::optional<Outcome> outcome;
  BeforeAfter<std::optional<BestMatch>> best;       ///< nothing where no face was found
  std::optional<BeforeAfter<bool>> not_the_person;  ///< "protected": it is not taken for the person, or not found
  std::optional<BeforeAfter<bool>> is_the_target;   ///< rank-1 impersonation; nothing where there is no target either

  // By cosines. Nothing of the target where there is none, nothing at all of other services.
  std::optional<BeforeAfter<std::optional<double>>> target;  ///< mean with the target's judging photos
  std::optional<BeforeAfter<std::optional<double>>> self;  ///< mean with the person's other photos, else the clean face
  std::optional<bool>
      target_disjoint;  ///< whether the attack looked at none of the photos; nothing where none is there
  std::optional<AtRates> impersonated;  ///< nothing without thresholds, empty where nobody's photo is there to compare
  std::optional<AtRates> dodged;        ///< likewise; who is not found is not recognised
  std::optional<AtRates> identified;    ///< likewise: the best match is the person, and similar enough
};

/// Who a face is, and who it was to be taken for.
struct Identity {
  std::string person, target;  ///< names; no target: empty
  bool known = false;          ///< whether other photos of the person are there
};

/// What a recogniser that knows these people makes of a face. `as_it_was`: its embedding [D] on the clean picture as it
/// was; `seen`: on either picture as it is looked at. Undefined where no face was found.
Recognition recognise(const Judge& judge, LineUp lineup, const Identity& face, const at::Tensor& as_it_was,
                      const BeforeAfter<at::Tensor>& seen);

/// Sets what follows from the best matches on either picture, by one rule for all who recognise.
void match(Recognition& said, const Identity& face, BeforeAfter<std::optional<BestMatch>> best);

/// What holds of a face, by the names of measures: "protected", "dodged", …
using Shares = std::vector<std::pair<const char*, BeforeAfter<bool>>>;
/// By the best match, and whether it was found.
Shares shares_by_match(const Recognition& said);
/// By cosines at a threshold; `said.self` counts whether or not other photos of the person are there.
Shares shares_by_cosine(const Identity& who, const Recognition& said, double threshold);

}  // namespace faceoff
