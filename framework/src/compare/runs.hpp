#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "judge/recognition.hpp"

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

/// One variant of one of the runs that are compared.
struct Contestant {
  std::string run, variant;
  std::string label;  ///< the variant, and of several runs its run before it
  /// Swept keys and what they are here, by label; of several runs, "run" is one.
  std::vector<std::pair<std::string, std::string>> choices;
  std::int64_t pictures = 0, faces = 0;       ///< that were attacked, and are compared
  std::int64_t without_face = 0, failed = 0;  ///< pictures that are left out
};

/// What runs recorded, ready to be paired.
struct Runs {
  std::vector<Contestant> contestants;
  std::vector<Series> series;      ///< shares first, then means
  std::vector<std::string> notes;  ///< what a reader has to know of them, a line each
};

/// Reads results.jsonl and environment.json of runs' folders. Success is told by each variant's own false accept rate,
/// or by this one. Throws ConfigError for what is no run or has no such rate, FileError for files that are damaged.
Runs read_runs(std::span<const std::filesystem::path> folders, const std::optional<double>& false_accept_rate);

}  // namespace faceoff
