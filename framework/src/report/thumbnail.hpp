#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "faces/face.hpp"

namespace faceoff {

/// A face with something around it, as a small JPEG.
struct Thumbnail {
  std::vector<std::uint8_t> bytes;
  Box shown;  ///< the part of the picture
  int width = 0, height = 0;
};

/// Nothing where the picture can't be read or does not show the face; the longer side has `side` pixels.
std::optional<Thumbnail> thumbnail(const std::filesystem::path& picture, const Box& face, int side);

}  // namespace faceoff
