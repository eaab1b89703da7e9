#include "picture/profile.hpp"

#include <faceoff/error.hpp>

#include <zlib.h>

#include <algorithm>

#include "picture/file_parts.hpp"

namespace faceoff::icc {

namespace {

/// The four bytes there; 0 beyond the end.
std::uint32_t number_at(std::string_view text, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4 && at + 4 <= text.size(); ++i)
    value = value << 8 | static_cast<std::uint8_t>(text[i]);
  return value;
}

/// What a profile has under a tag; empty where it has none.
std::string_view tag_of(std::string_view profile, std::string_view tag) {
  constexpr std::size_t table = 128, entry = 12;
  for (std::size_t i = 0; i < number_at(profile, table); ++i) {
    const std::size_t at = table + 4 + i * entry;
    if (at + entry > profile.size()) break;
    if (profile.substr(at, 4) != tag) continue;
    const std::size_t begin = std::min<std::size_t>(number_at(profile, at + 4), profile.size());
    return profile.substr(begin, number_at(profile, at + 8));
  }
  return {};
}

const Bytef* as_bytes(std::string_view text) {
  return reinterpret_cast<const Bytef*>(text.data());
}

std::string compressed(std::string_view profile) {
  uLongf length = ::compressBound(profile.size());
  std::string packed(length, '\0');
  if (::compress(reinterpret_cast<Bytef*>(packed.data()), &length, as_bytes(profile), profile.size()) != Z_OK)
    throw PictureError("its colour profile can't be compressed");
  packed.resize(length);
  return packed;
}

/// A segment is too short for many a profile.
std::string jpeg_segments(std::string_view profile) {
  constexpr std::size_t most = most_in_segment - 14;
  const std::size_t count = (profile.size() + most - 1) / most;
  std::string segments;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string head = std::string("ICC_PROFILE\0", 12) + static_cast<char>(i + 1) + static_cast<char>(count);
    segments += jpeg_segment(0xE2, head + std::string(profile.substr(i * most, most)));
  }
  return segments;
}

}  // namespace

std::string of_png(std::string_view chunk) {
  const std::size_t name = chunk.find('\0');
  if (name == std::string_view::npos || name + 2 > chunk.size()) return {};
  const std::string_view packed = chunk.substr(name + 2);
  std::string profile;
  uLongf length = 0;
  // Its size is not said: twice the room until it fits.
  for (std::size_t room = 1 << 14; room <= most_bytes; room *= 2) {
    profile.resize(room);
    length = room;
    const int result = ::uncompress(reinterpret_cast<Bytef*>(profile.data()), &length, as_bytes(packed), packed.size());
    if (result == Z_BUF_ERROR && length == room) continue;
    profile.resize(result == Z_OK ? length : 0);
    return profile;
  }
  return {};
}

bool is_srgb(std::string_view profile) {
  // Its name is ASCII in old profiles and UTF-16 in new ones. Those of one gamma, or none, may be called after it.
  constexpr std::string_view narrow = "sRGB", wide("s\0R\0G\0B", 7);
  const std::string_view name = tag_of(profile, "desc"), curve = tag_of(profile, "rTRC");
  const bool called_so = name.find(narrow) != std::string_view::npos || name.find(wide) != std::string_view::npos;
  const bool one_gamma = (curve.starts_with("curv") && number_at(curve, 8) <= 1) ||
                         (curve.starts_with("para") && number_at(curve, 8) >> 16 == 0);
  return called_so && !one_gamma;
}

bool is_of(std::string_view profile, int channels) {
  constexpr std::size_t header = 128, space = 16, signature = 36;
  return profile.size() >= header && profile.size() <= most_bytes && profile.substr(signature, 4) == "acsp" &&
         profile.substr(space, 4) == (channels == 1 ? "GRAY" : "RGB ");
}

std::string as_parts(std::string_view profile, PictureFormat format) {
  if (format == PictureFormat::jpeg) return jpeg_segments(profile);
  return png_chunk("iCCP", std::string("ICC profile\0\0", 13) + compressed(profile));
}

}  // namespace faceoff::icc
