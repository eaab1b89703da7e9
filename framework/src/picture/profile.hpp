#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "picture/picture.hpp"

/// ICC colour profiles (ICC.1:2010) in picture files: what a file's numbers mean as colours.
namespace faceoff::icc {

/// The largest one that is read.
constexpr std::size_t most_bytes = std::size_t{4} << 20;

/// The profile in a PNG's iCCP chunk, where it is compressed; empty where it is damaged.
std::string of_png(std::string_view chunk);

/// Whether it says that the numbers are sRGB, as they are taken.
bool is_srgb(std::string_view profile);

/// Whether it is one of pictures with this many colour channels, 1 or 3.
bool is_of(std::string_view profile, int channels);

/// The profile as parts of a file of that format, for with_parts().
std::string as_parts(std::string_view profile, PictureFormat format);

}  // namespace faceoff::icc
