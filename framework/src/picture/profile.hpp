#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "picture/picture.hpp"

/// ICC colour profiles (ICC.1:2010) in picture files: what a file's numbers mean as colours. And how they and EXIF are
/// put into files.
namespace faceoff::icc {

/// The largest one that is read.
constexpr std::size_t most_bytes = std::size_t{4} << 20;

/// The profile in a PNG's iCCP chunk, where it is compressed; empty where it is damaged.
std::string of_png(std::string_view chunk);

/// Whether it says that the numbers are sRGB, as they are taken.
bool is_srgb(std::string_view profile);

/// Whether it is one of pictures with this many colour channels, 1 or 3.
bool is_of(std::string_view profile, int channels);

/// The profile as a part of a file of that format, for with_part().
std::string as_part(std::string_view profile, PictureFormat format);

}  // namespace faceoff::icc

namespace faceoff {

/// EXIF as a part of a file of that format; empty where it is too large for one.
std::string exif_as_part(std::string_view exif, PictureFormat format);

/// The file with a part in it, behind its header.
std::vector<std::uint8_t> with_part(std::span<const std::uint8_t> file, PictureFormat format, std::string_view part);

}  // namespace faceoff
