#pragma once

#include <cstdint>
#include <string>

namespace faceoff {

/// A part of a run's groups of items, for jobs that know nothing of one another: each of several takes every
/// several-th.
struct Shard {
  std::int64_t index = 1;  ///< from 1
  std::int64_t of = 1;

  /// From "2/4". Throws ConfigError.
  static Shard parse(const std::string& text);

  bool whole() const { return of == 1; }
  bool has(std::int64_t group) const { return group % of == index - 1; }
  std::string text() const { return std::to_string(index) + "/" + std::to_string(of); }
};

}  // namespace faceoff
