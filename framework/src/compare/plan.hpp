#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compare/runs.hpp"

namespace faceoff {

/// What is compared with another: a contestant, or of a pooled group one a setting (nothing where there is none).
struct Level {
  std::string name;
  std::vector<std::optional<std::size_t>> contestants;
};

/// Levels that are compared with the first of them, setting by setting.
struct Group {
  std::string setting;  ///< of the other swept keys; empty where there is none
  bool pooled = false;  ///< over all settings
  std::vector<Level> levels;
};

struct Plan {
  std::string by;  ///< the swept key's full name; empty: every contestant against one of them
  std::string baseline;
  std::vector<Group> groups;
  std::vector<std::string> notes;
};

/// Every contestant against the baseline, the first where none is named. Throws ConfigError where there is no such or
/// nothing beside it.
Plan compare_all(std::span<const Contestant> contestants, const std::optional<std::string>& baseline);

/// The levels of a swept key, given by its name or the last part of it, against the first or the one named, within each
/// setting of the others and over all of them.
Plan compare_by(std::span<const Contestant> contestants, const std::string& key,
                const std::optional<std::string>& baseline);

}  // namespace faceoff
