#include "picture/file_parts.hpp"

#include <zlib.h>

namespace faceoff {

namespace {

std::string big_endian(std::size_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  return text;
}

}  // namespace

std::string png_chunk(const std::string& type, std::string_view data) {
  const std::string body = type + std::string(data);
  const auto checksum = ::crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(data.size(), 4) + body + big_endian(checksum, 4);
}

std::string jpeg_segment(std::uint8_t marker, std::string_view data) {
  return std::string("\xFF") + static_cast<char>(marker) + big_endian(data.size() + 2, 2) + std::string(data);
}

std::vector<std::uint8_t> with_parts(std::span<const std::uint8_t> file, PictureFormat format, std::string_view parts) {
  // Behind a PNG's header, which is as long in all of them; behind the first marker of a JPEG.
  const std::size_t at = format == PictureFormat::png ? 33 : 2;
  std::vector<std::uint8_t> with(file.begin(), file.end());
  with.insert(with.begin() + static_cast<std::ptrdiff_t>(at), parts.begin(), parts.end());
  return with;
}

}  // namespace faceoff
