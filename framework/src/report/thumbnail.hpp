#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "picture/face.hpp"

namespace faceoff {

/// A face with something around it as a small square JPEG; nothing where the picture can't be read or does not show it.
std::optional<std::vector<std::uint8_t>> thumbnail(const std::filesystem::path& picture, const Box& face);

}  // namespace faceoff
