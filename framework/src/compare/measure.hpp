#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace faceoff {

/// What is paired: a face of a picture, the same in all variants; or a picture, whose face is 0.
struct Unit {
  std::size_t picture = 0, face = 0;
  auto operator<=>(const Unit&) const = default;
};

/// What is compared: a figure of pictures, or what one judge makes of faces. Variants are compared only where all of it
/// is equal, so that attacked and judging models, and other weights of one name, never mix.
struct Measure {
  std::string name;                              ///< "hidden", "protected", "dodged", "psnr", …
  bool is_share = false;                         ///< of faces where something holds, in values 0 and 1; else a mean
  std::string judge = {}, role = {};             ///< the model's; empty for figures of pictures
  std::string weights = {};                      ///< the judge's, as SHA-256
  std::optional<double> threshold = {};          ///< a cosine, or a detector's minimum score
  std::optional<double> false_accept_rate = {};  ///< of that cosine

  bool of_faces() const { return !judge.empty(); }
  bool operator==(const Measure&) const = default;
};

/// A measure's values, by variant.
struct Series {
  Measure measure;
  std::vector<std::map<Unit, double>> values;
  /// Of shares: the same of the clean pictures, the control. None of "hidden", which counts what was found there.
  std::vector<std::map<Unit, double>> clean;
};

}  // namespace faceoff
