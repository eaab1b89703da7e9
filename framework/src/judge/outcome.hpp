#pragma once

#include <optional>
#include <string>

namespace faceoff {

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

}  // namespace faceoff
