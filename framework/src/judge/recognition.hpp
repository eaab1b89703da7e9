#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "faces/gallery.hpp"
#include "plugins/loaded_model.hpp"

namespace faceoff {

/// The false accept rates that success is told at, and their names.
inline const std::array<std::pair<const char*, double>, 3> false_accept_rates = {
    {{"1e-2", 1e-2}, {"1e-3", 1e-3}, {"1e-4", 1e-4}}};

/// Who a recogniser takes a face for.
struct BestMatch {
  std::string name;
  std::optional<double> similarity;  ///< the greatest cosine with any of their photos; other services do not say it
};

/// Somebody whom a recogniser chooses between, and by which photos it knows them: [K,D], K > 0.
struct Known {
  std::string name;
  at::Tensor photos;
  bool disjoint = true;  ///< whether no attack looks at these photos
};

/// Whom a recogniser knows while it looks at a picture: of each person the judging photos, else any others, and nobody
/// by that picture itself. The people have to outlive it.
class LineUp {
 public:
  /// `photo`: the picture's SHA-256.
  LineUp(const Gallery& people, const LoadedModel& model, const std::string& photo);

  /// Whether there is nobody to choose between.
  bool empty() const;
  /// Somebody, or nothing where the recogniser does not know them.
  std::optional<Known> find(const std::string& name) const;
  /// Whom an embedding [D] is most like; there has to be somebody.
  BestMatch best_match(const at::Tensor& embedding) const;
  /// One more, who is no part of the people.
  void add(Known known) { added_.push_back(std::move(known)); }

 private:
  const Gallery* people_;
  at::Tensor embeddings_;    // [rows,D], all of the people's
  std::vector<bool> shown_;  // which of the rows the recogniser knows
  std::vector<Known> added_;
};

/// What a recogniser makes of an attacked face, by its best match among the people that it knows. The letters are those
/// of the original report.
enum class Outcome : char {
  target = 'H',    ///< it is taken for the target
  person = 'L',    ///< it is still taken for the person
  somebody = 'M',  ///< it is taken for somebody else
  unusable = 'U',  ///< the clean face was not taken for the person either, so this says nothing
  no_face = 'N',   ///< no face is found
};

/// All of them, in the order in which they are shown.
constexpr const char* outcome_letters = "HLMUN";

/// `clean` and `delivered`: the best match's name on either picture, nothing where no face was found there. `target` is
/// empty where there is none. H goes before U, since who was not known and is now the target was changed by the attack;
/// U goes before N.
Outcome outcome(const std::string& person, const std::string& target, const std::optional<std::string>& clean,
                const std::optional<std::string>& delivered);

/// Of the clean picture and of the delivered one, both after the same degradation.
template <class T>
using BeforeAfter = std::array<T, 2>;

/// Whether something holds, by the name of a false accept rate.
using AtRates = std::map<std::string, BeforeAfter<bool>>;

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
/// By cosines at a threshold; nothing of who has no photo to compare with.
Shares shares_by_cosine(const Identity& who, const Recognition& said, double threshold);

}  // namespace faceoff
