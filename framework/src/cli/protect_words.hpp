#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "protect/protection.hpp"

namespace faceoff {

/// What became of a photo, in lines for a person: the first says where it is, or why it is nowhere. `as`: whom its
/// faces were to be taken for, or empty.
std::vector<std::string> words_of(const PhotoOutcome& outcome, const std::string& as);

/// What became of all, in a paragraph.
std::string summary_of(const std::vector<PhotoOutcome>& outcomes);

/// The same for programs.
Json to_json(const PhotoOutcome& outcome);

}  // namespace faceoff
