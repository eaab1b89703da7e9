#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faceoff {

/// A byte that the decoder finds changed.
struct Edit {
  std::size_t at;
  std::uint8_t value;
};

/// What a file says of its picture, before anything is decoded.
struct PictureHeader {
  std::int64_t width = 0;                         // as stored: not yet upright
  std::int64_t height = 0;                        // likewise
  int channels = 3;                               // of colour: 1, 3, or 4 for CMYK; a palette has 3
  int bits = 8;                                   // a channel, or an entry of a palette
  int orientation = 1;                            // EXIF, 1 to 8
  bool alpha = false;                             // the decoder's fourth channel is alpha
  bool premultiplied = false;                     // the colours are multiplied by it
  std::optional<std::uint16_t> transparent_grey;  // the level of a grey PNG that is see-through
  std::vector<std::string> notes;                 // what decoding changes or leaves out
  std::string profile;                            // ICC, as the file has it; empty: none
  std::string exif;                               // as the file has it, from its TIFF header on; empty: none
  bool is_jpeg = false;                           // whose codec tells of damage that it passes over
  std::vector<Edit> edits;  // keep OpenCV from turning a TIFF and from multiplying its colours by alpha
};

/// Recognises the format by the first bytes and reads the header; never reads outside `bytes`, whatever they are.
/// PictureError where this is not a picture, is a kind that is not read, or is cut short.
PictureHeader read_header(std::span<const std::uint8_t> bytes, std::string_view name);

/// Why a file that begins so is not read as a picture: what it is, and what makes a picture that is read of it. Nothing
/// where it begins as a PNG, JPEG, WebP, BMP or TIFF does; 64 bytes suffice.
std::optional<std::string> why_not_read(std::string_view start);

/// A picture's sides as it is seen, upright.
struct Extent {
  std::int64_t height = 0, width = 0;
  std::int64_t pixels() const { return height * width; }
  bool operator==(const Extent&) const = default;
};

/// From a file's header, before anything is decoded. Throws as read_picture() does.
Extent extent_of(const std::filesystem::path& file);

}  // namespace faceoff
