#pragma once

#include <opencv2/core/mat.hpp>

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace faceoff {

/// A decoded picture, as a person sees it: upright, RGB, 8 bits a channel.
struct Picture {
  cv::Mat rgb;                     // CV_8UC3, continuous
  cv::Mat alpha;                   // CV_8UC1, or empty where the file had none; colours are never multiplied by it
  bool grey = false;               // the three channels are equal
  bool one_channel = false;        // the file had one colour channel, and so has what is written
  std::string exif;                // what the file says of how it was taken, without what shows or turns the picture
  std::string profile;             // the file's ICC profile where it is not sRGB, which goes into what is written
  std::vector<std::string> notes;  // what reading changed or left out, a line each
  std::string sha256;              // of the file
};

struct ReadOptions {
  std::int64_t max_pixels = 100'000'000;
  std::filesystem::path name = {};  // what errors call the file; empty: its path
  std::string sha256 = {};          // of the bytes, where it is known already
};

/// Reads a PNG, JPEG, WebP, BMP or TIFF. FileError where the file cannot be read, PictureError where it is not a
/// picture, is cut short or has more than `max_pixels`, which is checked before anything is decoded.
Picture read_picture(const std::filesystem::path& path, const ReadOptions& options = {});

/// The file's bytes. Throws as read_picture() does.
std::vector<std::uint8_t> read_picture_file(const std::filesystem::path& path, const ReadOptions& options = {});

/// The same as read_picture() for bytes in memory; `name` is what errors call them.
Picture decode_picture(std::span<const std::uint8_t> bytes, std::string_view name, const ReadOptions& options = {});

enum class PictureFormat { png, jpeg };

struct Encoding {
  PictureFormat format = PictureFormat::png;
  int quality = 95;         // of a JPEG, 1 to 100
  bool keeps_exif = false;  // or leaves it out: it may say where the picture was taken
};

/// The bytes of a file. A PNG gives back every pixel and alpha as they are; a JPEG has no alpha and changes the pixels.
std::vector<std::uint8_t> encode_picture(const Picture& picture, const Encoding& encoding = {});

/// Encodes in memory, then writes the file whole or not at all.
void write_picture(const std::filesystem::path& path, const Picture& picture, const Encoding& encoding = {});

}  // namespace faceoff
