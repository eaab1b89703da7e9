#pragma once

#include <cstdint>
#include <filesystem>

namespace faceoff {

/// A picture's sides as it is seen, upright.
struct Extent {
  std::int64_t height = 0, width = 0;
  std::int64_t pixels() const { return height * width; }
  bool operator==(const Extent&) const = default;
};

/// From a file's header, before anything is decoded. Throws as read_picture() does.
Extent extent_of(const std::filesystem::path& file);

}  // namespace faceoff
