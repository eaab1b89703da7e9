#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "picture/picture.hpp"

namespace faceoff {

/// A chunk of a PNG, with its length and checksum.
std::string png_chunk(const std::string& type, std::string_view data);

/// A segment of a JPEG with up to most_in_segment bytes.
constexpr std::size_t most_in_segment = 65'535 - 2;
std::string jpeg_segment(std::uint8_t marker, std::string_view data);

/// The file with parts in it, behind its header.
std::vector<std::uint8_t> with_parts(std::span<const std::uint8_t> file, PictureFormat format, std::string_view parts);

}  // namespace faceoff
