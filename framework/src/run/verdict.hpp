#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "run/environment.hpp"
#include "run/item_line.hpp"

namespace faceoff {

/// Whether a detector finds a face, before and after.
BeforeAfter<bool> found(const Sighting& said, double minimum_score);

/// Whether a recogniser knows a face again, before and after: its best match is the person, or the cosine with them
/// reaches its threshold. Nothing where neither can be told.
std::optional<BeforeAfter<bool>> recognised(const Identity& who, const Recognition& said,
                                            const std::optional<double>& threshold);

/// Of how many of a picture's faces something holds for one judge, before and after.
struct JudgeCount {
  std::string name;
  std::int64_t faces = 0;
  BeforeAfter<std::int64_t> held = {0, 0};
};

/// What those make of a delivered picture who were never attacked.
struct PictureVerdict {
  std::vector<JudgeCount> recognised;  ///< by recognisers
  std::vector<JudgeCount> taken;       ///< for the target: the best match, and similar enough
  std::vector<JudgeCount> found;       ///< by detectors
};
PictureVerdict verdict_of(const ItemLine& line, const Environment::Variant& judging);

/// The same in plain words, a line a judge. `as`: whom the faces were to be taken for, or empty.
std::vector<std::string> words_of(const PictureVerdict& verdict, const std::string& as);

}  // namespace faceoff
