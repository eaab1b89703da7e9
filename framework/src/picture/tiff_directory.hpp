#pragma once

#include <faceoff/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// How headers of pictures are read from bytes that may be anything, and TIFF's directories, in which EXIF is stored,
/// too.
namespace faceoff::tiff {

/// Why a file is not read; the file's name is put before it on the way out.
inline void require(bool holds, const std::string& why) {
  if (!holds) throw PictureError(why);
}

/// Numbers from bytes, checked: a number past the end is a file that was cut short.
class Reader {
 public:
  Reader(std::string_view bytes, std::endian order) : all_(bytes), is_little_(order == std::endian::little) {}

  std::string_view all() const { return all_; }
  std::string_view bytes(std::size_t at, std::size_t count) const {
    if (at > all_.size() || count > all_.size() - at) throw PictureError("cut short: the file ends too early");
    return all_.substr(at, count);
  }
  std::uint32_t number(std::size_t at, std::size_t count) const {
    std::uint32_t value = 0;
    const std::string_view part = bytes(at, count);
    for (std::size_t i = 0; i < count; ++i)
      value = value << 8 | static_cast<std::uint8_t>(part[is_little_ ? count - 1 - i : i]);
    return value;
  }
  std::uint32_t u8(std::size_t at) const { return number(at, 1); }
  std::uint32_t u16(std::size_t at) const { return number(at, 2); }
  std::uint32_t u24(std::size_t at) const { return number(at, 3); }
  std::uint32_t u32(std::size_t at) const { return number(at, 4); }
  bool is_little() const { return is_little_; }

 private:
  std::string_view all_;
  bool is_little_;
};

namespace tag {
enum : std::uint32_t {
  kind = 254,
  width = 256,
  height,
  bits,
  colours = 262,
  strip_offsets = 273,
  orientation,
  channels = 277
};
enum : std::uint32_t { strip_sizes = 279, planes = 284, tile_offsets = 324, tile_sizes, extra_channel = 338 };
enum : std::uint32_t { preview = 513, preview_size, exif_directory = 34665, makers_note = 37500, xmp = 700 };
enum : std::uint32_t { more_directories = 330, number_kind = 339, colour_profile = 34675, dng_version = 50706 };
}  // namespace tag

/// The values of one tag.
struct Field {
  std::uint32_t type, count;
  std::size_t at;
};

constexpr std::uint32_t one_byte = 1, two_bytes = 3, four_bytes = 4;  // types of whole numbers

inline std::size_t value_size(std::uint32_t type) {
  constexpr std::array<std::size_t, 14> sizes{1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};
  return type < sizes.size() ? sizes.at(type) : 1;
}

/// The first directory of a TIFF file.
class Directory {
 public:
  explicit Directory(std::string_view bytes) : Directory(bytes, std::nullopt) {}
  /// The one that begins there.
  Directory(std::string_view bytes, std::optional<std::size_t> at)
      : tiff_(bytes, bytes.starts_with('M') ? std::endian::big : std::endian::little),
        at_(at ? *at : tiff_.u32(4)),
        count_(tiff_.u16(at_)) {}

  const Reader& tiff() const { return tiff_; }
  /// Where the file says which directory is next, 0 for none.
  std::size_t link() const { return at_ + 2 + 12 * count_; }
  bool is_last() const { return tiff_.u32(link()) == 0; }

  std::optional<Field> find(std::uint32_t tag) const {
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t entry = at_ + 2 + 12 * i;
      if (tiff_.u16(entry) != tag) continue;
      Field field{tiff_.u16(entry + 2), tiff_.u32(entry + 4), entry + 8};
      if (value_size(field.type) * field.count > 4) field.at = tiff_.u32(entry + 8);
      return field;
    }
    return std::nullopt;
  }
  std::uint32_t value(const Field& field, std::size_t index) const {
    if (field.type != one_byte && field.type != two_bytes && field.type != four_bytes)
      throw PictureError("damaged: a tag of its header holds no number");
    return tiff_.number(field.at + index * value_size(field.type), value_size(field.type));
  }
  std::uint32_t value(std::uint32_t tag, std::uint32_t otherwise) const {
    const auto field = find(tag);
    return field && field->count > 0 ? value(*field, 0) : otherwise;
  }
  int orientation() const {
    const std::uint32_t stored = value(tag::orientation, 1);
    return stored >= 1 && stored <= 8 ? static_cast<int>(stored) : 1;
  }

 private:
  Reader tiff_;
  std::size_t at_;
  std::size_t count_;
};

}  // namespace faceoff::tiff
