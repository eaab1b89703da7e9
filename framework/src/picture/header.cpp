#include "picture/header.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace faceoff {

namespace {

/// Why a file is not read; known to this file alone, and given the file's name on the way out.
struct Unreadable {
  std::string why;
};

/// Numbers from bytes, checked: a number past the end is a file that was cut short.
class Reader {
 public:
  Reader(std::span<const std::uint8_t> bytes, std::endian order) : bytes_(bytes), order_(order) {}

  std::size_t size() const { return bytes_.size(); }
  std::span<const std::uint8_t> bytes(std::size_t at, std::size_t count) const {
    if (at > bytes_.size() || count > bytes_.size() - at) throw Unreadable{"cut short: the file ends too early"};
    return bytes_.subspan(at, count);
  }
  std::uint32_t u8(std::size_t at) const { return number(at, 1); }
  std::uint32_t u16(std::size_t at) const { return number(at, 2); }
  std::uint32_t u24(std::size_t at) const { return number(at, 3); }
  std::uint32_t u32(std::size_t at) const { return number(at, 4); }
  bool has(std::size_t at, std::string_view text) const {
    return at <= bytes_.size() && text.size() <= bytes_.size() - at &&
           std::memcmp(bytes_.data() + at, text.data(), text.size()) == 0;
  }
  std::string text(std::size_t at, std::size_t count) const {
    const auto part = bytes(at, count);
    return {part.begin(), part.end()};
  }
  bool is_little() const { return order_ == std::endian::little; }

 private:
  std::uint32_t number(std::size_t at, std::size_t count) const {
    std::uint32_t value = 0;
    const auto part = bytes(at, count);
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | part[is_little() ? count - 1 - i : i];
    return value;
  }

  std::span<const std::uint8_t> bytes_;
  std::endian order_;
};

/// Colours are taken as sRGB; another profile is told. Its name is ASCII in old profiles and UTF-16 in new ones.
void note_profile(PictureHeader& header, std::span<const std::uint8_t> profile) {
  constexpr std::string_view narrow = "sRGB";
  constexpr std::string_view wide("s\0R\0G\0B", 7);
  const std::string_view text(reinterpret_cast<const char*>(profile.data()), profile.size());
  if (text.find(narrow) == text.npos && text.find(wide) == text.npos)
    header.notes.emplace_back("colour profile left out: the colours are taken as sRGB");
}

// TIFF, which is also how EXIF is stored.

namespace tag {
constexpr std::uint32_t width = 256;
constexpr std::uint32_t height = 257;
constexpr std::uint32_t bits = 258;
constexpr std::uint32_t colours = 262;
constexpr std::uint32_t strip_offsets = 273;
constexpr std::uint32_t orientation = 274;
constexpr std::uint32_t channels = 277;
constexpr std::uint32_t strip_sizes = 279;
constexpr std::uint32_t planes = 284;
constexpr std::uint32_t tile_offsets = 324;
constexpr std::uint32_t tile_sizes = 325;
constexpr std::uint32_t extra_channel = 338;
constexpr std::uint32_t number_kind = 339;
constexpr std::uint32_t colour_profile = 34675;
}  // namespace tag

/// What the channels of a TIFF mean.
namespace colours {
constexpr std::uint32_t white_is_zero = 0;
constexpr std::uint32_t black_is_zero = 1;
constexpr std::uint32_t rgb = 2;
constexpr std::uint32_t palette = 3;
constexpr std::uint32_t cmyk = 5;
constexpr std::uint32_t ycbcr = 6;
}  // namespace colours

/// The values of one tag.
struct Field {
  std::uint32_t type;
  std::uint32_t count;
  std::size_t at;
};

std::size_t value_size(std::uint32_t type) {
  switch (type) {
    case 3:
    case 8:
      return 2;
    case 4:
    case 9:
    case 11:
    case 13:
      return 4;
    case 5:
    case 10:
    case 12:
      return 8;
    default:
      return 1;
  }
}

/// The first directory of a TIFF file.
class Directory {
 public:
  explicit Directory(std::span<const std::uint8_t> bytes)
      : tiff_(bytes, byte_order(bytes)), at_(tiff_.u32(4)), count_(tiff_.u16(at_)) {}

  const Reader& tiff() const { return tiff_; }
  bool is_last() const { return tiff_.u32(at_ + 2 + 12 * count_) == 0; }

  std::optional<Field> find(std::uint32_t tag) const {
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t entry = at_ + 2 + 12 * i;
      if (tiff_.u16(entry) == tag) return field(entry);
    }
    return std::nullopt;
  }
  std::uint32_t value(const Field& field, std::size_t index) const {
    const std::size_t at = field.at + index * value_size(field.type);
    switch (field.type) {
      case 1:
        return tiff_.u8(at);
      case 3:
        return tiff_.u16(at);
      case 4:
        return tiff_.u32(at);
      default:
        throw Unreadable{"damaged: a tag of its header holds no number"};
    }
  }
  std::uint32_t value(std::uint32_t tag, std::uint32_t otherwise) const {
    const auto field = find(tag);
    return field && field->count > 0 ? value(*field, 0) : otherwise;
  }

 private:
  static std::endian byte_order(std::span<const std::uint8_t> bytes) {
    return !bytes.empty() && bytes[0] == 'M' ? std::endian::big : std::endian::little;
  }
  Field field(std::size_t entry) const {
    Field field{tiff_.u16(entry + 2), tiff_.u32(entry + 4), entry + 8};
    if (value_size(field.type) * field.count > 4) field.at = tiff_.u32(entry + 8);
    return field;
  }

  Reader tiff_;
  std::size_t at_;
  std::size_t count_;
};

int orientation(const Directory& directory) {
  const std::uint32_t value = directory.value(tag::orientation, 1);
  return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
}

/// Damaged EXIF says nothing: the pixels are as good as ever.
int exif_orientation(std::span<const std::uint8_t> exif) {
  constexpr std::array<std::uint8_t, 6> prefix{'E', 'x', 'i', 'f', 0, 0};
  if (exif.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), exif.begin()))
    exif = exif.subspan(prefix.size());
  try {
    return orientation(Directory(exif));
  } catch (const Unreadable&) {
    return 1;
  }
}

/// Every strip or tile lies inside the file; libtiff would show what is missing as black.
void check_strips(const Directory& directory, std::uint32_t offsets_tag, std::uint32_t sizes_tag) {
  const auto offsets = directory.find(offsets_tag);
  const auto sizes = directory.find(sizes_tag);
  if (!offsets || !sizes) return;
  for (std::size_t i = 0; i < std::min(offsets->count, sizes->count); ++i)
    directory.tiff().bytes(directory.value(*offsets, i), directory.value(*sizes, i));
}

int colour_channels(std::uint32_t kind) {
  switch (kind) {
    case colours::white_is_zero:
    case colours::black_is_zero:
      return 1;
    case colours::rgb:
    case colours::palette:
    case colours::ycbcr:
      return 3;
    case colours::cmyk:
      return 4;
    default:
      throw Unreadable{"a TIFF whose colours are of a kind that is not read (" + std::to_string(kind) +
                       "); save it as RGB"};
  }
}

/// What OpenCV reads right: 1 and 8 bits in every arrangement, 16 bits in the usual ones.
void check_tiff_kind(const Directory& directory, std::uint32_t kind) {
  const std::uint32_t bits = directory.value(tag::bits, 1);
  const std::uint32_t channels = directory.value(tag::channels, 1);
  const bool usual =
      (kind == colours::black_is_zero || kind == colours::rgb) && channels != 2 && directory.value(tag::planes, 1) == 1;
  if (directory.value(tag::number_kind, 1) != 1)
    throw Unreadable{
        "a TIFF whose colours are not whole numbers from 0, which is not read; save it with 8 bits a channel"};
  if (bits != 1 && bits != 8 && !(bits == 16 && usual))
    throw Unreadable{"a TIFF with " + std::to_string(bits) +
                     " bits a channel in this arrangement, which is not read; save it with 8"};
  if (channels > 4)
    throw Unreadable{"a TIFF with " + std::to_string(channels) +
                     " channels, which is not read; save it as RGB or RGBA"};
}

/// Makes the decoder find another value at a tag.
void edit(PictureHeader& header, const Directory& directory, std::uint32_t tag, std::uint8_t value) {
  constexpr std::uint32_t of_two_bytes = 3;
  const auto field = directory.find(tag);
  if (field && field->type == of_two_bytes)
    header.edits.push_back({field->at + (directory.tiff().is_little() ? 0 : 1), value});
}

/// A channel beside the colours: alpha that the colours are multiplied by, alpha that they are not, or neither.
void read_extra_channel(PictureHeader& header, const Directory& directory, std::uint32_t kind) {
  constexpr std::uint8_t multiplied = 1;
  constexpr std::uint8_t apart = 2;
  const std::uint32_t meaning = directory.value(tag::extra_channel, 0);
  header.alpha = kind == colours::rgb && (meaning == multiplied || meaning == apart);
  header.premultiplied = header.alpha && meaning == multiplied;
  if (!header.alpha) header.notes.emplace_back("a channel beside the colours left out");
  if (header.alpha) edit(header, directory, tag::extra_channel, multiplied);
}

PictureHeader read_tiff(std::span<const std::uint8_t> bytes) {
  const Directory directory(bytes);
  const std::uint32_t kind = directory.value(tag::colours, colours::black_is_zero);
  check_tiff_kind(directory, kind);
  check_strips(directory, tag::strip_offsets, tag::strip_sizes);
  check_strips(directory, tag::tile_offsets, tag::tile_sizes);

  PictureHeader header;
  header.format = FileFormat::tiff;
  header.width = directory.value(tag::width, 0);
  header.height = directory.value(tag::height, 0);
  header.bits = static_cast<int>(directory.value(tag::bits, 1));
  header.channels = colour_channels(kind);
  header.orientation = orientation(directory);
  edit(header, directory, tag::orientation, 1);
  const int stored = kind == colours::palette ? 1 : header.channels;
  if (directory.value(tag::channels, 1) > static_cast<std::uint32_t>(stored))
    read_extra_channel(header, directory, kind);
  if (const auto profile = directory.find(tag::colour_profile))
    note_profile(header, directory.tiff().bytes(profile->at, profile->count));
  if (!directory.is_last()) header.notes.emplace_back("first of several pages");
  return header;
}

// PNG

struct Chunk {
  std::string type;
  std::size_t at;
  std::size_t size;
};

void read_transparency(PictureHeader& header, const Reader& png, const Chunk& chunk) {
  if (header.channels == 3) header.alpha = true;
  if (header.channels == 1 && !header.alpha)
    header.transparent_grey = static_cast<std::uint16_t>(png.u16(chunk.at) & ((1U << header.bits) - 1));
}

void read_image_header(PictureHeader& header, const Reader& png, const Chunk& chunk) {
  if (chunk.type != "IHDR") throw Unreadable{"damaged: its first part is not the header of a PNG"};
  header.width = png.u32(chunk.at);
  header.height = png.u32(chunk.at + 4);
  header.bits = static_cast<int>(png.u8(chunk.at + 8));
  const std::uint32_t kind = png.u8(chunk.at + 9);
  constexpr std::array depths{1, 2, 4, 8, 16};
  if (std::find(depths.begin(), depths.end(), header.bits) == depths.end() || kind > 6)
    throw Unreadable{"damaged: the header of a PNG makes no sense"};
  header.channels = kind == 0 || kind == 4 ? 1 : 3;
  header.alpha = kind == 4 || kind == 6;
}

void read_chunk(PictureHeader& header, const Reader& png, const Chunk& chunk) {
  if (chunk.type == "tRNS") read_transparency(header, png, chunk);
  if (chunk.type == "eXIf") header.orientation = exif_orientation(png.bytes(chunk.at, chunk.size));
  if (chunk.type == "iCCP") note_profile(header, png.bytes(chunk.at, chunk.size));
  if (chunk.type == "acTL" && png.u32(chunk.at) > 1)
    header.notes.push_back("first of " + std::to_string(png.u32(chunk.at)) + " frames");
}

PictureHeader read_png(std::span<const std::uint8_t> bytes) {
  const Reader png(bytes, std::endian::big);
  PictureHeader header;
  header.format = FileFormat::png;
  std::size_t at = 8;
  const auto next = [&] {
    const Chunk chunk{png.text(at + 4, 4), at + 8, png.u32(at)};
    png.bytes(chunk.at, chunk.size + 4);  // with its checksum
    at = chunk.at + chunk.size + 4;
    return chunk;
  };
  read_image_header(header, png, next());
  for (Chunk chunk = next(); chunk.type != "IEND"; chunk = next()) read_chunk(header, png, chunk);
  return header;
}

// JPEG

/// Moves `at` behind the next marker, over anything between markers, and so over the compressed pixels too.
std::uint32_t next_marker(const Reader& jpeg, std::size_t& at) {
  for (;;) {
    const auto rest = jpeg.bytes(std::min(at, jpeg.size()), jpeg.size() - std::min(at, jpeg.size()));
    const auto found = std::find(rest.begin(), rest.end(), 0xFF);
    if (rest.end() - found < 2) throw Unreadable{"cut short: the end marker of a JPEG is missing"};
    at += static_cast<std::size_t>(found - rest.begin()) + 1;
    const std::uint32_t marker = jpeg.u8(at);
    if (marker != 0 && marker != 0xFF) {
      ++at;
      return marker;
    }
  }
}

bool stands_alone(std::uint32_t marker) {
  return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
}

bool starts_frame(std::uint32_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

void read_frame(PictureHeader& header, std::uint32_t marker, const Reader& segment) {
  constexpr std::array read{0xC0U, 0xC1U, 0xC2U, 0xC9U, 0xCAU};  // baseline, extended, progressive; arithmetic coding
  if (std::find(read.begin(), read.end(), marker) == read.end())
    throw Unreadable{"a lossless or hierarchical JPEG, which is not read; save it as PNG"};
  header.bits = static_cast<int>(segment.u8(0));
  header.height = segment.u16(1);
  header.width = segment.u16(3);
  header.channels = static_cast<int>(segment.u8(5));
  if (header.bits != 8)
    throw Unreadable{"a JPEG with " + std::to_string(header.bits) +
                     " bits a channel, which is not read; save it with 8"};
  if (header.channels != 1 && header.channels != 3 && header.channels != 4)
    throw Unreadable{"a JPEG with " + std::to_string(header.channels) + " channels, which is not read; save it as RGB"};
}

PictureHeader read_jpeg(std::span<const std::uint8_t> bytes) {
  const Reader jpeg(bytes, std::endian::big);
  PictureHeader header;
  header.format = FileFormat::jpeg;
  bool has_frame = false;
  bool has_exif = false;
  std::size_t at = 2;
  for (std::uint32_t marker = next_marker(jpeg, at); marker != 0xD9; marker = next_marker(jpeg, at)) {
    if (stands_alone(marker)) continue;
    const std::size_t length = std::max(jpeg.u16(at), 2U);
    const Reader segment(jpeg.bytes(at + 2, length - 2), std::endian::big);
    if (starts_frame(marker) && !std::exchange(has_frame, true)) read_frame(header, marker, segment);
    if (marker == 0xE1 && segment.has(0, {"Exif\0\0", 6}) && !std::exchange(has_exif, true))
      header.orientation = exif_orientation(segment.bytes(0, segment.size()));
    if (marker == 0xE2 && segment.has(0, {"ICC_PROFILE\0\1", 13}))
      note_profile(header, segment.bytes(0, segment.size()));
    at += length;
  }
  if (!has_frame) throw Unreadable{"damaged: a JPEG without pixels"};
  return header;
}

// WebP

/// A lossy picture's size follows a tag of three bytes and a start code of three.
void read_lossy(PictureHeader& header, const Reader& webp, std::size_t at) {
  header.width = webp.u16(at + 6) & 0x3FFF;
  header.height = webp.u16(at + 8) & 0x3FFF;
}

void read_lossless(PictureHeader& header, const Reader& webp, std::size_t at) {
  const std::uint32_t packed = webp.u32(at + 1);
  header.width = (packed & 0x3FFF) + 1;
  header.height = (packed >> 14 & 0x3FFF) + 1;
  header.alpha = (packed >> 28 & 1) != 0;
}

void read_extended(PictureHeader& header, const Reader& webp, std::size_t at) {
  constexpr std::uint32_t animation = 0x02;
  constexpr std::uint32_t alpha = 0x10;
  const std::uint32_t flags = webp.u8(at);
  if ((flags & animation) != 0) throw Unreadable{"an animated WebP, which is not read; save the frame that you mean"};
  header.alpha = (flags & alpha) != 0;
  header.width = webp.u24(at + 4) + 1;
  header.height = webp.u24(at + 7) + 1;
}

PictureHeader read_webp(std::span<const std::uint8_t> bytes) {
  const Reader file(bytes, std::endian::little);
  const Reader webp(file.bytes(0, std::size_t{file.u32(4)} + 8), std::endian::little);
  PictureHeader header;
  header.format = FileFormat::webp;
  constexpr std::size_t first = 12;
  for (std::size_t at = first; at + 8 <= webp.size();) {
    const std::string type = webp.text(at, 4);
    const auto data = webp.bytes(at + 8, webp.u32(at + 4));
    if (at == first && type == "VP8 ") read_lossy(header, webp, at + 8);
    if (at == first && type == "VP8L") read_lossless(header, webp, at + 8);
    if (at == first && type == "VP8X") read_extended(header, webp, at + 8);
    if (type == "EXIF") header.orientation = exif_orientation(data);
    if (type == "ICCP") note_profile(header, data);
    at += 8 + data.size() + data.size() % 2;
  }
  return header;
}

// BMP

/// Uncompressed, with the channels where OpenCV takes them to be.
void check_bmp_kind(const Reader& bmp, std::uint32_t bits) {
  constexpr std::uint32_t plain = 0;
  constexpr std::uint32_t masks = 3;
  const std::uint32_t compression = bmp.u32(30);
  const auto usual = [&] { return bmp.u32(54) == 0xFF0000 && bmp.u32(58) == 0xFF00 && bmp.u32(62) == 0xFF; };
  if (compression != plain && (compression != masks || (bits == 32 && !usual())))
    throw Unreadable{"a BMP with compression or an unusual order of channels, which is not read; save it as PNG"};
}

PictureHeader read_bmp(std::span<const std::uint8_t> bytes) {
  const Reader bmp(bytes, std::endian::little);
  if (bmp.u32(14) < 40) throw Unreadable{"a BMP of OS/2, which is not read; save it as PNG"};
  PictureHeader header;
  header.format = FileFormat::bmp;
  header.width = static_cast<std::int32_t>(bmp.u32(18));
  header.height = std::abs(std::int64_t{static_cast<std::int32_t>(bmp.u32(22))});  // negative: from the top
  const std::uint32_t bits = bmp.u16(28);
  check_bmp_kind(bmp, bits);
  header.alpha = bits == 32 && bmp.u32(30) != 0 && bmp.u32(14) >= 56 && bmp.u32(66) != 0;
  const std::uint64_t row = (static_cast<std::uint64_t>(std::max<std::int64_t>(header.width, 0)) * bits + 31) / 32 * 4;
  bmp.bytes(bmp.u32(10), row * static_cast<std::uint64_t>(header.height));
  return header;
}

PictureHeader read_any(std::span<const std::uint8_t> bytes) {
  const Reader file(bytes, std::endian::big);
  if (bytes.empty()) throw Unreadable{"an empty file"};
  if (file.has(0, "\x89PNG\r\n\x1a\n")) return read_png(bytes);
  if (file.has(0, "\xFF\xD8\xFF")) return read_jpeg(bytes);
  if (file.has(0, "RIFF") && file.has(8, "WEBP")) return read_webp(bytes);
  if (file.has(0, "BM")) return read_bmp(bytes);
  if (file.has(0, {"II*\0", 4}) || file.has(0, {"MM\0*", 4})) return read_tiff(bytes);
  throw Unreadable{"not a picture that is read (its first bytes are none of PNG, JPEG, WebP, BMP or TIFF)"};
}

}  // namespace

PictureHeader read_header(std::span<const std::uint8_t> bytes, std::string_view name) {
  try {
    PictureHeader header = read_any(bytes);
    if (header.width <= 0 || header.height <= 0) throw Unreadable{"damaged: a picture without pixels"};
    if (header.channels == 4) header.notes.emplace_back("CMYK read as RGB");
    if (header.bits == 16) header.notes.emplace_back("16 bits a channel read as 8");
    return header;
  } catch (const Unreadable& unreadable) {
    throw PictureError(std::string(name) + ": " + unreadable.why);
  }
}

}  // namespace faceoff
