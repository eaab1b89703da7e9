#include <faceoff/error.hpp>

#include <boost/crc.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>

#include "base/files.hpp"
#include "picture/exif.hpp"
#include "picture/file_parts.hpp"
#include "picture/picture.hpp"
#include "picture/profile.hpp"

namespace faceoff {

namespace {

std::vector<std::uint8_t> encode(const char* extension, const cv::Mat& pixels, const std::vector<int>& parameters) {
  std::vector<std::uint8_t> bytes;
  if (!cv::imencode(extension, pixels, bytes, parameters)) CV_Error(cv::Error::StsError, "the encoder gave up");
  return bytes;
}

/// Run lengths of filtered rows: on a photo of 1920 × 1280 0.13 s and 1.4 MB, where zlib's own search takes 0.37 s for
/// 1.3 MB, and OpenCV's default 0.07 s for 2.1 MB.
std::vector<std::uint8_t> encode_png(const cv::Mat& pixels) {
  return encode(".png", pixels,
                {cv::IMWRITE_PNG_COMPRESSION, 3, cv::IMWRITE_PNG_STRATEGY, cv::IMWRITE_PNG_STRATEGY_RLE});
}

/// OpenCV writes no PNG of grey and alpha. One of 16-bit grey has the same bytes, grey above alpha, so that is written
/// and its header changed.
std::vector<std::uint8_t> encode_grey_alpha(const cv::Mat& grey, const cv::Mat& alpha) {
  cv::Mat high;
  cv::Mat low;
  grey.convertTo(high, CV_16U, 256);
  alpha.convertTo(low, CV_16U);
  std::vector<std::uint8_t> png = encode_png(high | low);
  constexpr std::size_t type = 12;  // of the header, whose checksum begins here
  constexpr std::size_t depth = 24;
  constexpr std::size_t checksum = 29;
  png.at(depth) = 8;
  png.at(depth + 1) = 4;
  boost::crc_32_type crc;
  crc.process_block(&png.at(type), &png.at(checksum));
  for (std::size_t i = 0; i < 4; ++i) png.at(checksum + i) = static_cast<std::uint8_t>(crc.checksum() >> (24 - 8 * i));
  return png;
}

cv::Mat grey_of(const Picture& picture) {
  cv::Mat grey;
  cv::extractChannel(picture.rgb, grey, 0);
  return grey;
}

/// OpenCV's order, with alpha where there is one.
cv::Mat bgr_of(const cv::Mat& rgb, const cv::Mat& alpha) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, alpha.empty() ? cv::COLOR_RGB2BGR : cv::COLOR_RGB2BGRA);
  if (!alpha.empty()) cv::insertChannel(alpha, bgr, 3);
  return bgr;
}

std::vector<std::uint8_t> encode_pixels(const Picture& picture, const Encoding& encoding) {
  if (encoding.format == PictureFormat::jpeg)
    return encode(".jpeg", picture.one_channel ? grey_of(picture) : bgr_of(picture.rgb, {}),
                  {cv::IMWRITE_JPEG_QUALITY, std::clamp(encoding.quality, 1, 100)});
  if (!picture.one_channel) return encode_png(bgr_of(picture.rgb, picture.alpha));
  return picture.alpha.empty() ? encode_png(grey_of(picture)) : encode_grey_alpha(grey_of(picture), picture.alpha);
}

}  // namespace

std::vector<std::uint8_t> encode_picture(const Picture& picture, const Encoding& encoding) {
  try {
    std::string parts;
    if (encoding.keeps_exif && !picture.exif.empty()) parts += exif_as_part(picture.exif, encoding.format);
    if (!picture.profile.empty()) parts += icc::as_parts(picture.profile, encoding.format);
    const std::vector<std::uint8_t> file = encode_pixels(picture, encoding);
    return parts.empty() ? file : with_parts(file, encoding.format, parts);
  } catch (const cv::Exception& exception) {
    throw PictureError("a picture of " + std::to_string(picture.rgb.cols) + " × " + std::to_string(picture.rgb.rows) +
                       " pixels cannot be encoded: " + exception.err);
  }
}

void write_picture(const std::filesystem::path& path, const Picture& picture, const Encoding& encoding) {
  write_atomically(path, encode_picture(picture, encoding));
}

}  // namespace faceoff
