#pragma once

#include <faceoff/error.hpp>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/files.hpp"
#include "picture/picture.hpp"
#include "support.hpp"

namespace faceoff::picture_test {

using Bytes = std::vector<std::uint8_t>;
namespace fs = std::filesystem;

// The picture of 6 × 4 that tests/golden/pictures/make.py makes too.

inline const cv::Mat& colours() {
  static const cv::Mat rgb = [] {
    cv::Mat pixels(4, 6, CV_8UC3);
    pixels.forEach<cv::Vec3b>([](cv::Vec3b& colour, const int* at) {
      const int y = at[0];
      const int x = at[1];
      colour =
          cv::Vec3b(static_cast<std::uint8_t>(37 * x + 11 * y + 5), static_cast<std::uint8_t>(53 * x + 29 * y + 17),
                    static_cast<std::uint8_t>(71 * x + 83 * y + 31));
    });
    return pixels;
  }();
  return rgb;
}

inline const cv::Mat& opacity() {
  static const cv::Mat alpha = [] {
    cv::Mat pixels(4, 6, CV_8UC1);
    constexpr std::array<std::uint8_t, 3> levels{0, 128, 255};
    pixels.forEach<std::uint8_t>(
        [&](std::uint8_t& level, const int* at) { level = levels.at(static_cast<std::size_t>(at[0] + at[1]) % 3); });
    return pixels;
  }();
  return alpha;
}

inline cv::Mat channel(const cv::Mat& pixels, int index) {
  cv::Mat one;
  cv::extractChannel(pixels, one, index);
  return one;
}

inline cv::Mat three(const cv::Mat& grey) {
  cv::Mat rgb;
  cv::cvtColor(grey, rgb, cv::COLOR_GRAY2RGB);
  return rgb;
}

inline cv::Mat bgr(const cv::Mat& rgb) {
  cv::Mat swapped;
  cv::cvtColor(rgb, swapped, cv::COLOR_RGB2BGR);
  return swapped;
}

inline bool same(const cv::Mat& a, const cv::Mat& b) {
  if (a.empty() || b.empty()) return a.empty() && b.empty();
  return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
}

inline Bytes opencv(const char* extension, const cv::Mat& pixels, const std::vector<int>& parameters = {}) {
  Bytes bytes;
  cv::imencode(extension, pixels, bytes, parameters);
  return bytes;
}

inline Bytes golden(const std::string& name) {
  return read_file(fs::path(__FILE__).parent_path().parent_path() / "golden/pictures" / name, 1 << 20);
}

inline Picture decode(const Bytes& bytes) {
  return decode_picture(bytes, "test");
}

inline bool notes_say(const Picture& picture, const std::string& words) {
  return std::any_of(picture.notes.begin(), picture.notes.end(),
                     [&](const std::string& note) { return note.find(words) != note.npos; });
}

inline std::string complaint(const Bytes& bytes) {
  return error_of<PictureError>([&] { decode(bytes); });
}

// Bytes of files, by hand.

inline void append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}
inline void insert(Bytes& bytes, std::size_t at, const Bytes& more) {
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
}

inline Bytes little(std::uint32_t value, int count) {
  Bytes bytes;
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  return bytes;
}

inline Bytes big(std::uint32_t value, int count) {
  Bytes bytes = little(value, count);
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

inline Bytes text(std::string_view words) {
  return {words.begin(), words.end()};
}

inline Bytes exif(int orientation) {
  Bytes bytes = text({"MM\0*\0\0\0\x08\0\x01", 10});
  append(bytes, text({"\x01\x12\0\x03\0\0\0\x01", 8}));
  append(bytes, big(static_cast<std::uint32_t>(orientation), 2));
  append(bytes, Bytes(6, 0));
  return bytes;
}

inline std::uint32_t png_checksum(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = ~0U;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

inline Bytes chunk(std::string_view type, const Bytes& data) {
  Bytes named = text(type);
  append(named, data);
  Bytes bytes = big(static_cast<std::uint32_t>(data.size()), 4);
  append(bytes, named);
  append(bytes, big(png_checksum(named), 4));
  return bytes;
}

constexpr std::size_t after_png_header = 8 + 25;

inline Bytes png_of_size(std::uint32_t width, std::uint32_t height) {
  Bytes data = big(width, 4);
  append(data, big(height, 4));
  append(data, {8, 2, 0, 0, 0});
  Bytes bytes = text("\x89PNG\r\n\x1a\n");
  append(bytes, chunk("IHDR", data));
  append(bytes, chunk("IDAT", {}));
  append(bytes, chunk("IEND", {}));
  return bytes;
}

/// A PNG with EXIF ahead of its pixels.
inline Bytes exif_in_png(Bytes png, const Bytes& exif) {
  insert(png, after_png_header, chunk("eXIf", exif));
  return png;
}

inline Bytes jpeg_segment(std::uint8_t marker, const Bytes& data) {
  Bytes bytes = {0xFF, marker};
  append(bytes, big(static_cast<std::uint32_t>(data.size()) + 2, 2));
  append(bytes, data);
  return bytes;
}

inline Bytes exif_in_jpeg(Bytes jpeg, const Bytes& exif) {
  Bytes data = text({"Exif\0\0", 6});
  append(data, exif);
  insert(jpeg, 2, jpeg_segment(0xE1, data));
  return jpeg;
}

inline Bytes riff(const Bytes& body) {
  Bytes bytes = text("RIFF");
  append(bytes, little(static_cast<std::uint32_t>(body.size()), 4));
  append(bytes, body);
  return bytes;
}

/// A WebP of one part, of these sides, as one of several parts, with EXIF behind its pixels.
inline Bytes exif_in_webp(const Bytes& simple, cv::Size sides, const Bytes& exif) {
  Bytes body = text("WEBPVP8X");
  append(body, little(10, 4));
  append(body, little(0x08, 4));
  append(body, little(static_cast<std::uint32_t>(sides.width - 1), 3));
  append(body, little(static_cast<std::uint32_t>(sides.height - 1), 3));
  append(body, Bytes(simple.begin() + 12, simple.end()));
  append(body, text("EXIF"));
  append(body, little(static_cast<std::uint32_t>(exif.size()), 4));
  append(body, exif);
  return riff(body);
}

inline Bytes with_exif_png(int orientation) {
  return exif_in_png(opencv(".png", bgr(colours())), exif(orientation));
}

/// EXIF may also come behind the pixels.
inline Bytes with_late_exif_png(int orientation) {
  Bytes bytes = opencv(".png", bgr(colours()));
  insert(bytes, bytes.size() - 12, chunk("eXIf", exif(orientation)));
  return bytes;
}

inline Bytes with_exif_jpeg(int orientation) {
  return exif_in_jpeg(opencv(".jpg", bgr(colours())), exif(orientation));
}

inline Bytes with_exif_webp(int orientation) {
  return exif_in_webp(opencv(".webp", bgr(colours()), {cv::IMWRITE_WEBP_QUALITY, 101}), colours().size(),
                      exif(orientation));
}

/// A plain TIFF of the pixels with one orientation, in two strips.
inline Bytes with_orientation_tiff(const cv::Mat& pixels, int orientation,
                                   const std::function<Bytes(std::uint32_t, int)>& number, const char* order) {
  const auto channels = static_cast<std::uint32_t>(pixels.channels());
  const auto rows = static_cast<std::uint32_t>(pixels.rows / 2);
  const std::uint32_t strip = static_cast<std::uint32_t>(pixels.cols) * rows * channels;
  constexpr std::uint32_t data = 8;
  const std::uint32_t arrays = data + 2 * strip;
  Bytes bytes = text(order);
  append(bytes, number(42, 2));
  append(bytes, number(arrays + 6 + 16, 4));
  bytes.insert(bytes.end(), pixels.datastart, pixels.dataend);
  for (int i = 0; i < 3; ++i) append(bytes, number(8, 2));
  append(bytes, number(data, 4));
  append(bytes, number(data + strip, 4));
  append(bytes, number(strip, 4));
  append(bytes, number(strip, 4));
  const auto tag = [&](std::uint32_t name, std::uint32_t type, std::uint32_t count, std::uint32_t value) {
    append(bytes, number(name, 2));
    append(bytes, number(type, 2));
    append(bytes, number(count, 4));
    append(bytes, type == 3 && count == 1 ? number(value, 2) : number(value, 4));
    if (type == 3 && count == 1) append(bytes, Bytes(2, 0));
  };
  append(bytes, number(10, 2));
  tag(256, 3, 1, static_cast<std::uint32_t>(pixels.cols));
  tag(257, 3, 1, static_cast<std::uint32_t>(pixels.rows));
  channels == 3 ? tag(258, 3, 3, arrays) : tag(258, 3, 1, 8);
  tag(259, 3, 1, 1);
  tag(262, 3, 1, channels == 3 ? 2 : 1);
  tag(273, 4, 2, arrays + 6);
  tag(274, 3, 1, static_cast<std::uint32_t>(orientation));
  tag(277, 3, 1, channels);
  tag(278, 3, 1, rows);
  tag(279, 4, 2, arrays + 14);
  append(bytes, number(0, 4));
  return bytes;
}

inline Bytes with_orientation_tiff_little(int orientation) {
  return with_orientation_tiff(colours(), orientation, little, "II");
}

inline Bytes with_orientation_tiff_big(int orientation) {
  return with_orientation_tiff(colours(), orientation, big, "MM");
}

/// Where the EXIF standard shows the stored pixel (x, y).
inline cv::Point shown(int orientation, int x, int y, cv::Size stored) {
  const int right = stored.width - 1 - x;
  const int below = stored.height - 1 - y;
  switch (orientation) {
    case 2:
      return {right, y};
    case 3:
      return {right, below};
    case 4:
      return {x, below};
    case 5:
      return {y, x};
    case 6:
      return {below, x};
    case 7:
      return {below, right};
    case 8:
      return {y, right};
    default:
      return {x, y};
  }
}

inline cv::Mat turned(const cv::Mat& stored, int orientation) {
  cv::Mat upright(orientation >= 5 ? stored.t().size() : stored.size(), CV_8UC3);
  for (int y = 0; y < stored.rows; ++y)
    for (int x = 0; x < stored.cols; ++x)
      upright.at<cv::Vec3b>(shown(orientation, x, y, stored.size())) = stored.at<cv::Vec3b>(y, x);
  return upright;
}

/// A small file of each format and kind.
inline std::vector<std::pair<std::string, Bytes>> samples() {
  std::vector<std::pair<std::string, Bytes>> files = {
      {"PNG", with_exif_png(6)},
      {"JPEG", with_exif_jpeg(6)},
      {"WebP", with_exif_webp(6)},
      {"lossy WebP", opencv(".webp", colours(), {cv::IMWRITE_WEBP_QUALITY, 90})},
      {"BMP", opencv(".bmp", colours())},
      {"grey BMP", opencv(".bmp", channel(colours(), 0))},
      {"TIFF", with_orientation_tiff_little(6)},
      {"progressive JPEG", opencv(".jpg", colours(), {cv::IMWRITE_JPEG_PROGRESSIVE, 1})}};
  for (const char* name : {"rgba.webp", "palette_alpha.png", "bit.tif", "rgba.tif", "cmyk.tif", "cmyk.jpg", "rgba.bmp"})
    files.emplace_back(name, golden(name));
  return files;
}

}  // namespace faceoff::picture_test
