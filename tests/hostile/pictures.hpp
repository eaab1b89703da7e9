#pragma once

#include <zlib.h>

#include <string>
#include <utility>
#include <vector>

#include "picture/pictures.hpp"

/// Files with a picture's name that nobody meant well with: cut short, lying about their size, damaged inside, odd.
namespace hostile {

using namespace faceoff::picture_test;

struct File {
  std::string name;
  Bytes bytes;
  bool fails = true;       ///< or is read, and delivered
  std::string words = "";  ///< that its error, or one of its notes, has
};

using Files = std::vector<File>;

inline cv::Mat noise(cv::Size size, int type = CV_8UC3) {
  cv::Mat pixels(size, type);
  cv::RNG random(5);
  random.fill(pixels, cv::RNG::UNIFORM, 0, 256);
  return pixels;
}

/// Without a quality OpenCV writes it without loss.
inline Bytes lossy_webp(const cv::Mat& pixels) {
  return opencv(".webp", pixels, {cv::IMWRITE_WEBP_QUALITY, 90});
}

/// A whole file of each format and way to code it, large enough to be cut in its pixels.
inline std::vector<std::pair<std::string, Bytes>> whole() {
  const cv::Mat pixels = noise({40, 32});
  return {{"jpg", opencv(".jpg", pixels)},
          {"progressive.jpg", opencv(".jpg", pixels, {cv::IMWRITE_JPEG_PROGRESSIVE, 1})},
          {"cmyk.jpg", golden("cmyk.jpg")},
          {"png", opencv(".png", pixels)},
          {"deep.png", opencv(".png", noise({40, 32}, CV_16UC3))},
          {"palette.png", golden("palette.png")},
          {"webp", lossy_webp(pixels)},
          {"lossless.webp", opencv(".webp", pixels, {cv::IMWRITE_WEBP_QUALITY, 101})},
          {"exif.webp", with_exif_webp(6)},
          {"tif", opencv(".tif", pixels)},
          {"plain.tif", with_orientation_tiff_little(3)},
          {"bmp", opencv(".bmp", pixels)}};
}

/// Each of them cut at many places: none may pass for a picture.
inline Files cut_short() {
  Files files;
  for (const auto& [kind, bytes] : whole()) {
    const std::size_t size = bytes.size();
    for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{4}, std::size_t{12}, std::size_t{30},
                                     size / 4, size / 2, size * 3 / 4, size * 9 / 10, size - 13, size - 2, size - 1}) {
      files.push_back({"cut" + std::to_string(length) + "." + kind,
                       Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length))});
    }
  }
  return files;
}

inline void put(Bytes& bytes, std::size_t at, const Bytes& value) {
  std::copy(value.begin(), value.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

/// Where bytes stand first.
inline std::size_t place_of(const Bytes& bytes, const Bytes& part) {
  return static_cast<std::size_t>(std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) - bytes.begin());
}

/// A JPEG with other sides in its header.
inline Bytes jpeg_of_size(Bytes jpeg, std::uint32_t width, std::uint32_t height) {
  const std::size_t progressive = place_of(jpeg, {0xFF, 0xC2});
  const std::size_t frame = progressive < jpeg.size() ? progressive : place_of(jpeg, {0xFF, 0xC0});
  put(jpeg, frame + 5, big(height, 2));
  put(jpeg, frame + 7, big(width, 2));
  return jpeg;
}

/// The plain TIFF with another number at a tag.
inline Bytes tiff_with(std::uint32_t tag, std::uint32_t value, int bytes = 2) {
  Bytes tiff = with_orientation_tiff_little(1);
  for (std::size_t at = tiff[4]; at + 12 < tiff.size(); at += 1) {
    if (tiff[at] != (tag & 0xFF) || tiff[at + 1] != tag >> 8 || tiff[at + 4] != 1) continue;
    put(tiff, at + 8, little(value, bytes));
    break;
  }
  return tiff;
}

inline Bytes tiff_of_size(std::uint32_t width, std::uint32_t height) {
  Bytes tiff = tiff_with(256, width);
  const Bytes tall = tiff_with(257, height);
  for (std::size_t i = 0; i < tiff.size(); ++i)
    tiff[i] = tall[i] != with_orientation_tiff_little(1)[i] ? tall[i] : tiff[i];
  return tiff;
}

/// Few bytes that say they are a huge picture: beyond the bound of pixels, and just within it.
inline Files bombs() {
  const cv::Mat pixels = noise({40, 32});
  Files files;
  const auto add = [&](const std::string& kind, const auto& of_size, std::uint32_t most) {
    files.push_back({"huge." + kind, of_size(std::min(60000U, most), std::min(60000U, most)), true, "megapixels"});
    const std::uint32_t width = std::min(65000U, most);
    files.push_back({"large." + kind, of_size(width, 98'000'000 / width)});
  };
  add("png", png_of_size, ~0U);
  files.push_back({"largest.png", png_of_size(0x7FFFFFFF, 0x7FFFFFFF), true, "megapixels"});
  for (const bool progressive : {false, true}) {
    const Bytes jpeg = opencv(".jpg", pixels, {cv::IMWRITE_JPEG_PROGRESSIVE, progressive ? 1 : 0});
    add(
        progressive ? "progressive.jpg" : "jpg",
        [&](std::uint32_t width, std::uint32_t height) { return jpeg_of_size(jpeg, width, height); }, 65535);
  }
  add("tif", tiff_of_size, 65535);
  add(
      "bmp",
      [&](std::uint32_t width, std::uint32_t height) {
        Bytes bmp = opencv(".bmp", pixels);
        put(bmp, 18, little(width, 4));
        put(bmp, 22, little(height, 4));
        return bmp;
      },
      65535);
  files.back().words = files[files.size() - 2].words = "cut short";  // a BMP's rows are counted first
  add(
      "webp",
      [&](std::uint32_t width, std::uint32_t height) {
        Bytes webp = lossy_webp(pixels);
        put(webp, 26, little(width, 2));
        put(webp, 28, little(height, 2));
        return webp;
      },
      16383);
  add(
      "lossless.webp",
      [&](std::uint32_t width, std::uint32_t height) {
        Bytes webp = opencv(".webp", pixels, {cv::IMWRITE_WEBP_QUALITY, 101});
        put(webp, 21, little((width - 1) | (height - 1) << 14, 4));
        return webp;
      },
      16383);
  Bytes canvas = with_exif_webp(1);
  put(canvas, 24, little(16383, 3));
  put(canvas, 27, little(5000, 3));
  files.push_back({"canvas.webp", canvas});
  return files;
}

/// Whole as a file, with some of the pixels missing inside.
inline Files gutted() {
  const cv::Mat pixels = noise({40, 32});
  Files files;
  for (const bool progressive : {false, true}) {
    const Bytes jpeg = opencv(".jpg", pixels, {cv::IMWRITE_JPEG_PROGRESSIVE, progressive ? 1 : 0});
    for (const std::size_t part : {3U, 2U}) {
      Bytes less(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(jpeg.size() * (part - 1) / part));
      append(less, {0xFF, 0xD9});
      files.push_back({"gutted" + std::to_string(part) + (progressive ? ".progressive.jpg" : ".jpg"), less});
    }
  }
  const Bytes png = opencv(".png", pixels);
  const std::size_t data = place_of(png, text("IDAT")) + 4;
  Bytes less(png.begin(), png.begin() + after_png_header);
  append(less, chunk("IDAT", Bytes(png.begin() + static_cast<std::ptrdiff_t>(data),
                                   png.begin() + static_cast<std::ptrdiff_t>(png.size() / 2))));
  append(less, chunk("IEND", {}));
  files.push_back({"gutted.png", less});
  for (const bool lossless : {false, true}) {
    const Bytes webp = opencv(".webp", pixels, {cv::IMWRITE_WEBP_QUALITY, lossless ? 101 : 90});
    Bytes half(webp.begin(), webp.begin() + static_cast<std::ptrdiff_t>(webp.size() / 4 * 2));
    put(half, 4, little(static_cast<std::uint32_t>(half.size()) - 8, 4));
    put(half, 16, little(static_cast<std::uint32_t>(half.size()) - 20, 4));
    files.push_back({lossless ? "gutted.lossless.webp" : "gutted.webp", half});
  }
  Bytes tiff = opencv(".tif", pixels);  // packed by LZW
  std::fill_n(tiff.begin() + 1000, 100, std::uint8_t{0xFF});
  files.push_back({"gutted.tif", tiff, true, "damaged"});
  return files;
}

/// TIFFs of which the directory lies.
inline Files tiffs() {
  Bytes loop = with_orientation_tiff_little(1);
  put(loop, loop.size() - 4, Bytes(loop.begin() + 4, loop.begin() + 8));  // the next directory is this one
  Bytes away = with_orientation_tiff_little(1);
  put(away, 4, little(0x7FFFFFFF, 4));
  return {{"loop.tif", loop, false, "first of several pages"},
          {"away.tif", away, true, "cut short"},
          {"wide.tif", tiff_with(256, 0), true, "without pixels"},
          {"channels.tif", tiff_with(277, 4)},
          {"rows.tif", tiff_with(278, 0)},
          {"compressed.tif", tiff_with(259, 5), true, "damaged"},
          {"unknown.tif", tiff_with(259, 9999), true, "not implemented"},
          {"kind.tif", tiff_with(262, 99), true, "a kind that is not read"}};
}

inline Bytes packed_zeros(std::size_t count) {
  const Bytes zeros(count, 0);
  uLongf length = ::compressBound(count);
  Bytes packed(length);
  ::compress2(packed.data(), &length, zeros.data(), count, 9);
  packed.resize(length);
  return packed;
}

/// EXIF, profiles and other parts beside the pixels that are damaged, or unpack to much more than they are: the picture
/// is as good as ever.
inline Files damaged_parts() {
  const cv::Mat pixels = noise({40, 32});
  const Bytes png = opencv(".png", pixels), jpeg = opencv(".jpg", pixels), webp = lossy_webp(pixels);
  Bytes far = exif(6), loop = exif(6), many = exif(6), noise_of_exif(300, 0xFF);
  put(far, 4, big(0x7FFFFFF0, 4));
  put(loop, loop.size() - 4, big(8, 4));
  put(many, 8, {0xFF, 0xFF});
  Files files;
  for (const auto& [name, part] : std::vector<std::pair<std::string, Bytes>>{
           {"far", far}, {"loop", loop}, {"many", many}, {"nine", exif(9)}, {"empty", {}}, {"noise", noise_of_exif}}) {
    files.push_back({"exif_" + name + ".png", exif_in_png(png, part), false});
    files.push_back({"exif_" + name + ".jpg", exif_in_jpeg(jpeg, part), false});
    files.push_back({"exif_" + name + ".webp", exif_in_webp(webp, pixels.size(), part), false});
  }
  const auto with_chunk = [&](const char* type, Bytes data, const Bytes& packed) {
    append(data, packed);
    Bytes file = png;
    insert(file, after_png_header, chunk(type, data));
    return file;
  };
  const Bytes profile_name = text({"icc\0\0", 5}), bomb = packed_zeros(300'000'000);
  files.push_back({"icc_bomb.png", with_chunk("iCCP", profile_name, bomb), false, "it is damaged"});
  files.push_back({"icc_noise.png", with_chunk("iCCP", profile_name, Bytes(200, 0xAA)), false, "it is damaged"});
  files.push_back({"icc_empty.png", with_chunk("iCCP", {}, {}), false, "it is damaged"});
  files.push_back({"text_bomb.png", with_chunk("zTXt", text({"Comment\0\0", 9}), bomb), false});
  Bytes part = text({"ICC_PROFILE\0\x01\x09", 14});
  append(part, Bytes(500, 0xAA));
  Bytes with_part = jpeg;
  insert(with_part, 2, jpeg_segment(0xE2, part));
  files.push_back({"icc_parts.jpg", with_part, false, "it is damaged"});
  return files;
}

/// Odd, and right.
inline Files odd() {
  Files files;
  for (const char* ending : {".png", ".jpg", ".webp", ".tif", ".bmp"}) {
    files.push_back({std::string("one") + ending, opencv(ending, noise({1, 1})), false});
    files.push_back({std::string("thin") + ending, opencv(ending, noise({1, 9000})), false});
    files.push_back({std::string("flat") + ending, opencv(ending, noise({9000, 1})), false});
  }
  files.push_back({"longest.png", opencv(".png", noise({1, 60000})), false});
  for (const char* name : {"cmyk.jpg", "cmyk.tif"}) files.push_back({name, golden(name), false, "CMYK read as RGB"});
  for (const char* name : {"palette.png", "palette_alpha.png", "bit.png", "grey_alpha.png", "palette.tif", "bit.tif",
                           "rgba.webp", "rgba.bmp"})
    files.push_back({name, golden(name), false});
  files.push_back({"deep.png", opencv(".png", noise({40, 32}, CV_16UC3)), false, "16 bits"});
  files.push_back({"deep.tif", opencv(".tif", noise({40, 32}, CV_16UC3)), false, "16 bits"});
  files.push_back({"animated.png", golden("animated.png"), false, "first of"});
  files.push_back({"animated.webp", golden("animated.webp"), true, "an animated WebP"});
  files.push_back({"gif.png", text("GIF89a and so on"), true, "GIF, which is not read"});
  files.push_back({"text.jpg", text("<!DOCTYPE html>\n"), true, "not a picture"});
  files.push_back({"empty.png", {}, true, "an empty file"});
  const Bytes plain = opencv(".png", noise({8, 8}));
  for (const std::string& name :
       {std::string("\xC3\xA4\xE5\x86\x99\xE7\x9C\x9F.png"), std::string(251, 'n') + ".png",
        std::string("a\x1b[31m\nb.png"), std::string("-o.png"), std::string("%s%n.png"), std::string("[a-z]*.png")})
    files.push_back({name, plain, false});
  return files;
}

/// One picture as it is seen, stored under each orientation in each format that has them. A JPEG's blocks are of one
/// grey each, which it keeps exactly.
inline cv::Mat seen() {
  cv::Mat pixels(24, 32, CV_8UC3);
  pixels.forEach<cv::Vec3b>([](cv::Vec3b& colour, const int* at) {
    const int level = 20 + 17 * (at[1] / 8 + 4 * (at[0] / 8));
    colour = cv::Vec3b::all(static_cast<std::uint8_t>(level));
  });
  return pixels;
}

inline Files oriented() {
  Files files;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const cv::Mat upright = seen();
    cv::Mat stored(orientation >= 5 ? upright.t().size() : upright.size(), CV_8UC3);
    for (int y = 0; y < stored.rows; ++y)
      for (int x = 0; x < stored.cols; ++x)
        stored.at<cv::Vec3b>(y, x) = upright.at<cv::Vec3b>(shown(orientation, x, y, stored.size()));
    const std::string name = "turned" + std::to_string(orientation);
    const Bytes tag = exif(orientation);
    files.push_back({name + ".png", exif_in_png(opencv(".png", stored), tag), false});
    files.push_back({name + ".jpg", exif_in_jpeg(opencv(".jpg", stored, {cv::IMWRITE_JPEG_QUALITY, 100}), tag), false});
    files.push_back({name + ".webp",
                     exif_in_webp(opencv(".webp", stored, {cv::IMWRITE_WEBP_QUALITY, 101}), stored.size(), tag),
                     false});
    files.push_back({name + ".little.tif", with_orientation_tiff(stored, orientation, little, "II"), false});
    files.push_back({name + ".big.tif", with_orientation_tiff(stored, orientation, big, "MM"), false});
  }
  return files;
}

}  // namespace hostile
