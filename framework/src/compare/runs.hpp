#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compare/measure.hpp"

namespace faceoff {

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
