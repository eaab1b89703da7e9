#include "picture/header.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <map>
#include <utility>

#include "picture/exif.hpp"
#include "picture/picture.hpp"
#include "picture/profile.hpp"
#include "picture/tiff_directory.hpp"

namespace faceoff {

using namespace tiff;

namespace {

constexpr std::string_view png_start = "\x89PNG\r\n\x1a\n", jpeg_start = "\xFF\xD8\xFF";
const std::string raw_photo = "a camera's raw picture, which is not read: save it as JPEG, PNG or TIFF first";

/// What the channels of a TIFF mean.
namespace colours {
enum : std::uint32_t { white_is_zero, black_is_zero, rgb, palette, cmyk = 5, ycbcr };
}  // namespace colours

constexpr const char* no_profile = "colour profile left out: it is damaged";
constexpr std::string_view exif_prefix("Exif\0\0", 6), profile_prefix("ICC_PROFILE\0", 12);

/// Takes a file's EXIF, and the orientation that it says.
void read_exif(PictureHeader& header, std::string_view exif) {
  if (exif.starts_with(exif_prefix)) exif.remove_prefix(exif_prefix.size());
  header.exif = exif;
  header.orientation = exif_orientation(exif);
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
  constexpr std::array channels{1, 1, 3, 3, 0, 4, 3};
  require(kind < channels.size() && channels.at(kind) != 0,
          "a TIFF whose colours are of a kind that is not read (" + std::to_string(kind) + "); save it as RGB");
  return channels.at(kind);
}

/// Makes the decoder find another value at a tag.
void edit(PictureHeader& header, const Directory& directory, std::uint32_t tag, std::uint8_t value) {
  const auto field = directory.find(tag);
  if (field && field->type == two_bytes)
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

PictureHeader read_tiff(std::string_view bytes) {
  const Directory directory(bytes);
  // Its first picture is a small preview, of which the real one hangs.
  const bool preview = (directory.value(tag::kind, 0) & 1) != 0 && directory.find(tag::more_directories).has_value();
  require(!preview && !directory.find(tag::dng_version), raw_photo);
  const std::uint32_t kind = directory.value(tag::colours, colours::black_is_zero);
  const std::uint32_t bits = directory.value(tag::bits, 1), channels = directory.value(tag::channels, 1);
  // What OpenCV reads right: 1 and 8 bits in every arrangement, 16 bits in the usual ones.
  const bool usual =
      (kind == colours::black_is_zero || kind == colours::rgb) && channels != 2 && directory.value(tag::planes, 1) == 1;
  require(directory.value(tag::number_kind, 1) == 1,
          "a TIFF whose colours are not whole numbers from 0, which is not read; save it with 8 bits a channel");
  require(
      bits == 1 || bits == 8 || (bits == 16 && usual),
      "a TIFF with " + std::to_string(bits) + " bits a channel in this arrangement, which is not read; save it with 8");
  require(channels <= 4,
          "a TIFF with " + std::to_string(channels) + " channels, which is not read; save it as RGB or RGBA");
  check_strips(directory, tag::strip_offsets, tag::strip_sizes);
  check_strips(directory, tag::tile_offsets, tag::tile_sizes);

  PictureHeader header;
  header.width = directory.value(tag::width, 0);
  header.height = directory.value(tag::height, 0);
  header.bits = static_cast<int>(bits);
  header.channels = colour_channels(kind);
  header.orientation = directory.orientation();
  edit(header, directory, tag::orientation, 1);
  const int stored = kind == colours::palette ? 1 : header.channels;
  if (channels > static_cast<std::uint32_t>(stored)) read_extra_channel(header, directory, kind);
  if (const auto profile = directory.find(tag::colour_profile))
    header.profile = directory.tiff().bytes(profile->at, profile->count);
  if (!directory.is_last()) header.notes.emplace_back("first of several pages");
  return header;
}

PictureHeader read_png(std::string_view bytes) {
  const Reader png(bytes, std::endian::big);
  PictureHeader header;
  std::size_t at = 8;
  std::string_view type, data;
  const auto next = [&] {
    type = png.bytes(at + 4, 4);
    data = png.bytes(at + 8, png.u32(at));
    const std::size_t begin = std::exchange(at, at + data.size() + 12) + 8;
    png.bytes(at - 4, 4);  // its checksum
    return Reader(bytes.substr(begin), std::endian::big);
  };
  const Reader first = next();
  require(type == "IHDR", "damaged: its first part is not the header of a PNG");
  header.width = first.u32(0);
  header.height = first.u32(4);
  header.bits = static_cast<int>(first.u8(8));
  const std::uint32_t kind = first.u8(9);
  constexpr std::array depths{1, 2, 4, 8, 16};
  require(std::ranges::find(depths, header.bits) != depths.end() && kind <= 6,
          "damaged: the header of a PNG makes no sense");
  header.channels = kind == 0 || kind == 4 ? 1 : 3;
  header.alpha = kind == 4 || kind == 6;
  bool has_profile = false;
  for (Reader chunk = next(); type != "IEND"; chunk = next()) {
    if (type == "tRNS" && header.channels == 3) header.alpha = true;
    if (type == "tRNS" && header.channels == 1 && !header.alpha)
      header.transparent_grey = static_cast<std::uint16_t>(chunk.u16(0) & ((1U << header.bits) - 1));
    if (type == "eXIf") read_exif(header, data);
    if (type == "iCCP" && !std::exchange(has_profile, true)) {
      header.profile = icc::of_png(data);
      if (header.profile.empty()) header.notes.emplace_back(no_profile);
    }
    if (type == "acTL" && chunk.u32(0) > 1)
      header.notes.push_back("first of " + std::to_string(chunk.u32(0)) + " frames");
  }
  return header;
}

// JPEG

/// Moves `at` behind the next marker, over anything between markers, and so over the compressed pixels too.
std::uint32_t next_marker(const Reader& jpeg, std::size_t& at) {
  for (;;) {
    at = jpeg.all().find('\xFF', at);
    if (at == std::string_view::npos || ++at == jpeg.all().size())
      throw PictureError("cut short: the end marker of a JPEG is missing");
    const std::uint32_t marker = jpeg.u8(at);
    if (marker != 0 && marker != 0xFF) {
      ++at;
      return marker;
    }
  }
}

bool starts_frame(std::uint32_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

void read_frame(PictureHeader& header, std::uint32_t marker, const Reader& segment) {
  constexpr std::array read{0xC0U, 0xC1U, 0xC2U, 0xC9U, 0xCAU};  // baseline, extended, progressive; arithmetic coding
  require(std::ranges::find(read, marker) != read.end(),
          "a lossless or hierarchical JPEG, which is not read; save it as PNG");
  header.bits = static_cast<int>(segment.u8(0));
  header.height = segment.u16(1);
  header.width = segment.u16(3);
  header.channels = static_cast<int>(segment.u8(5));
  require(header.bits == 8,
          "a JPEG with " + std::to_string(header.bits) + " bits a channel, which is not read; save it with 8");
  require(header.channels == 1 || header.channels == 3 || header.channels == 4,
          "a JPEG with " + std::to_string(header.channels) + " channels, which is not read; save it as RGB");
}

PictureHeader read_jpeg(std::string_view bytes) {
  const Reader jpeg(bytes, std::endian::big);
  PictureHeader header;
  header.is_jpeg = true;
  bool has_frame = false;
  bool has_exif = false;
  std::map<std::uint8_t, std::string_view> profile;  // its parts by their numbers
  std::size_t profile_parts = 0;
  std::size_t at = 2;
  for (std::uint32_t marker = next_marker(jpeg, at); marker != 0xD9; marker = next_marker(jpeg, at)) {
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) continue;  // it stands alone
    const std::size_t length = std::max(jpeg.u16(at), 2U);
    const std::string_view segment = jpeg.bytes(at + 2, length - 2);
    if (starts_frame(marker) && !std::exchange(has_frame, true))
      read_frame(header, marker, Reader(segment, std::endian::big));
    if (marker == 0xE1 && segment.starts_with(exif_prefix) && !std::exchange(has_exif, true))
      read_exif(header, segment);
    if (marker == 0xE2 && segment.starts_with(profile_prefix) && segment.size() > profile_prefix.size() + 2) {
      profile.emplace(static_cast<std::uint8_t>(segment[profile_prefix.size()]),
                      segment.substr(profile_prefix.size() + 2));
      profile_parts = static_cast<std::uint8_t>(segment[profile_prefix.size() + 1]);
    }
    at += length;
  }
  require(has_frame, "damaged: a JPEG without pixels");
  if (profile.size() == profile_parts) {
    for (const auto& [number, part] : profile) header.profile += part;
  } else {
    header.notes.emplace_back(no_profile);
  }
  return header;
}

/// The first part of a WebP: a lossy or lossless picture, or what is said ahead of one with more parts.
void read_webp_start(PictureHeader& header, std::string_view type, const Reader& part) {
  constexpr std::uint32_t side = 0x3FFF, has_animation = 0x02, has_alpha = 0x10;
  if (type == "VP8 ") {  // behind a tag of three bytes and a start code of three
    header.width = part.u16(6) & side;
    header.height = part.u16(8) & side;
  } else if (type == "VP8L") {
    const std::uint32_t packed = part.u32(1);
    header.width = (packed & side) + 1;
    header.height = (packed >> 14 & side) + 1;
    header.alpha = (packed >> 28 & 1) != 0;
  } else if (type == "VP8X") {
    require((part.u8(0) & has_animation) == 0, "an animated WebP, which is not read; save the frame that you mean");
    header.alpha = (part.u8(0) & has_alpha) != 0;
    header.width = part.u24(4) + 1;
    header.height = part.u24(7) + 1;
  }
}

PictureHeader read_webp(std::string_view bytes) {
  const Reader file(bytes, std::endian::little);
  const Reader webp(file.bytes(0, std::size_t{file.u32(4)} + 8), std::endian::little);
  PictureHeader header;
  constexpr std::size_t first = 12;
  for (std::size_t at = first; at + 8 <= webp.all().size();) {
    const std::string_view type = webp.bytes(at, 4), data = webp.bytes(at + 8, webp.u32(at + 4));
    if (at == first) read_webp_start(header, type, Reader(webp.all().substr(at + 8), std::endian::little));
    if (type == "EXIF") read_exif(header, data);
    if (type == "ICCP") header.profile = data;
    at += 8 + data.size() + data.size() % 2;
  }
  return header;
}

PictureHeader read_bmp(std::string_view bytes) {
  const Reader bmp(bytes, std::endian::little);
  require(bmp.u32(14) >= 40, "a BMP of OS/2, which is not read; save it as PNG");
  PictureHeader header;
  header.width = static_cast<std::int32_t>(bmp.u32(18));
  header.height = std::abs(std::int64_t{static_cast<std::int32_t>(bmp.u32(22))});  // negative: from the top
  const std::uint32_t bits = bmp.u16(28), compression = bmp.u32(30);
  // Uncompressed, with the channels where OpenCV takes them to be.
  constexpr std::uint32_t plain = 0, masks = 3;
  const auto usual = [&] { return bmp.u32(54) == 0xFF0000 && bmp.u32(58) == 0xFF00 && bmp.u32(62) == 0xFF; };
  require(compression == plain || (compression == masks && (bits != 32 || usual())),
          "a BMP with compression or an unusual order of channels, which is not read; save it as PNG");
  header.alpha = bits == 32 && compression != plain && bmp.u32(14) >= 56 && bmp.u32(66) != 0;
  const std::uint64_t row = (static_cast<std::uint64_t>(std::max<std::int64_t>(header.width, 0)) * bits + 31) / 32 * 4;
  bmp.bytes(bmp.u32(10), row * static_cast<std::uint64_t>(header.height));
  return header;
}

bool is_webp(std::string_view start) {
  return start.starts_with("RIFF") && start.size() >= 12 && start.substr(8, 4) == "WEBP";
}

bool is_tiff(std::string_view start) {
  return start.starts_with({"II*\0", 4}) || start.starts_with({"MM\0*", 4});
}

/// What a file of the ISO base media kind is by its brand.
std::string why_no_media(std::string_view brand) {
  if (brand == "avif" || brand == "avis") return "AVIF, which is not read: heif-convert makes a JPEG of it";
  for (const char* heic : {"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"}) {
    if (brand == heic)
      return "HEIC, as phones save it, which is not read: heif-convert IN.heic OUT.jpg makes a JPEG of it";
  }
  return brand == "crx " ? raw_photo : "a film, not a picture";
}

PictureHeader read_any(std::string_view bytes) {
  if (const std::optional<std::string> why = why_not_read(bytes)) throw PictureError(*why);
  if (bytes.starts_with(png_start)) return read_png(bytes);
  if (bytes.starts_with(jpeg_start)) return read_jpeg(bytes);
  if (is_webp(bytes)) return read_webp(bytes);
  return is_tiff(bytes) ? read_tiff(bytes) : read_bmp(bytes);
}

}  // namespace

std::optional<std::string> why_not_read(std::string_view start) {
  if (start.empty()) return "an empty file";
  if (start.size() >= 12 && start.substr(4, 4) == "ftyp") return why_no_media(start.substr(8, 4));
  if (start.starts_with("GIF8")) return "GIF, which is not read: convert IN.gif[0] OUT.png makes a PNG of it";
  if (start.starts_with("8BPS")) return "PSD, which is not read: convert IN.psd[0] OUT.png makes a PNG of it";
  const bool canon = is_tiff(start) && start.size() >= 10 && start.substr(8, 2) == "CR";
  for (const std::string_view raw : {"FUJIFILMCCD-RAW", "IIRO", "IIRS", "MMOR", "IIU\0"}) {
    if (canon || start.starts_with(raw)) return raw_photo;
  }
  if (start.starts_with(png_start) || start.starts_with(jpeg_start) || is_webp(start) || start.starts_with("BM") ||
      is_tiff(start))
    return std::nullopt;
  return "not a picture that is read (its first bytes are none of PNG, JPEG, WebP, BMP or TIFF)";
}

PictureHeader read_header(std::span<const std::uint8_t> bytes, std::string_view name) {
  try {
    PictureHeader header = read_any({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    require(header.width > 0 && header.height > 0, "damaged: a picture without pixels");
    if (header.channels == 4) header.notes.emplace_back("CMYK read as RGB");
    if (header.bits == 16) header.notes.emplace_back("16 bits a channel read as 8");
    return header;
  } catch (const PictureError& unreadable) {
    throw PictureError(std::string(name) + ": " + unreadable.what());
  }
}

Extent extent_of(const std::filesystem::path& file) {
  const PictureHeader header = read_header(read_picture_file(file), file.string());
  Extent extent{header.height, header.width};
  if (header.orientation >= 5) std::swap(extent.height, extent.width);  // EXIF: these swap the sides
  return extent;
}

}  // namespace faceoff
