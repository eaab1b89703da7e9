#include "picture/picture.hpp"

#include <faceoff/error.hpp>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <thread>

#include "base/files.hpp"
#include "picture/header.hpp"

namespace faceoff {
namespace {

using Bytes = std::vector<std::uint8_t>;
namespace fs = std::filesystem;

// The picture of 6 × 4 that tests/golden/pictures/make.py makes too.

const cv::Mat& colours() {
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

const cv::Mat& opacity() {
  static const cv::Mat alpha = [] {
    cv::Mat pixels(4, 6, CV_8UC1);
    constexpr std::array<std::uint8_t, 3> levels{0, 128, 255};
    pixels.forEach<std::uint8_t>(
        [&](std::uint8_t& level, const int* at) { level = levels.at(static_cast<std::size_t>(at[0] + at[1]) % 3); });
    return pixels;
  }();
  return alpha;
}

cv::Mat channel(const cv::Mat& pixels, int index) {
  cv::Mat one;
  cv::extractChannel(pixels, one, index);
  return one;
}

cv::Mat three(const cv::Mat& grey) {
  cv::Mat rgb;
  cv::cvtColor(grey, rgb, cv::COLOR_GRAY2RGB);
  return rgb;
}

cv::Mat bgr(const cv::Mat& rgb) {
  cv::Mat swapped;
  cv::cvtColor(rgb, swapped, cv::COLOR_RGB2BGR);
  return swapped;
}

bool same(const cv::Mat& a, const cv::Mat& b) {
  if (a.empty() || b.empty()) return a.empty() && b.empty();
  return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0;
}

Bytes opencv(const char* extension, const cv::Mat& pixels, const std::vector<int>& parameters = {}) {
  Bytes bytes;
  cv::imencode(extension, pixels, bytes, parameters);
  return bytes;
}

Bytes golden(const std::string& name) {
  return read_file(fs::path(__FILE__).parent_path().parent_path() / "golden/pictures" / name, 1 << 20);
}

Picture decode(const Bytes& bytes) {
  return decode_picture(bytes, "test");
}

bool notes_say(const Picture& picture, const std::string& words) {
  return std::any_of(picture.notes.begin(), picture.notes.end(),
                     [&](const std::string& note) { return note.find(words) != note.npos; });
}

/// The message of the error that `work` ends in.
template <typename Expected>
std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Expected& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error of the expected kind";
  return {};
}

std::string complaint(const Bytes& bytes) {
  return message_of<PictureError>([&] { decode(bytes); });
}

void expect_in(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), text.npos) << '"' << text << "\" says nothing of \"" << part << '"';
}

// Bytes of files, by hand.

void append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}
void insert(Bytes& bytes, std::size_t at, const Bytes& more) {
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
}

Bytes little(std::uint32_t value, int count) {
  Bytes bytes;
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  return bytes;
}

Bytes big(std::uint32_t value, int count) {
  Bytes bytes = little(value, count);
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

Bytes text(std::string_view words) {
  return {words.begin(), words.end()};
}

Bytes exif(int orientation) {
  Bytes bytes = text({"MM\0*\0\0\0\x08\0\x01", 10});
  append(bytes, text({"\x01\x12\0\x03\0\0\0\x01", 8}));
  append(bytes, big(static_cast<std::uint32_t>(orientation), 2));
  append(bytes, Bytes(6, 0));
  return bytes;
}

std::uint32_t png_checksum(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = ~0U;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

Bytes chunk(std::string_view type, const Bytes& data) {
  Bytes named = text(type);
  append(named, data);
  Bytes bytes = big(static_cast<std::uint32_t>(data.size()), 4);
  append(bytes, named);
  append(bytes, big(png_checksum(named), 4));
  return bytes;
}

constexpr std::size_t after_png_header = 8 + 25;

Bytes png_of_size(std::uint32_t width, std::uint32_t height) {
  Bytes data = big(width, 4);
  append(data, big(height, 4));
  append(data, {8, 2, 0, 0, 0});
  Bytes bytes = text("\x89PNG\r\n\x1a\n");
  append(bytes, chunk("IHDR", data));
  append(bytes, chunk("IDAT", {}));
  append(bytes, chunk("IEND", {}));
  return bytes;
}

Bytes with_exif_png(int orientation) {
  Bytes bytes = opencv(".png", bgr(colours()));
  insert(bytes, after_png_header, chunk("eXIf", exif(orientation)));
  return bytes;
}

/// EXIF may also come behind the pixels.
Bytes with_late_exif_png(int orientation) {
  Bytes bytes = opencv(".png", bgr(colours()));
  insert(bytes, bytes.size() - 12, chunk("eXIf", exif(orientation)));
  return bytes;
}

Bytes with_exif_jpeg(int orientation) {
  Bytes segment = text({"Exif\0\0", 6});
  append(segment, exif(orientation));
  Bytes marked = {0xFF, 0xE1};
  append(marked, big(static_cast<std::uint32_t>(segment.size()) + 2, 2));
  append(marked, segment);
  Bytes bytes = opencv(".jpg", bgr(colours()));
  insert(bytes, 2, marked);
  return bytes;
}

Bytes with_exif_webp(int orientation) {
  const Bytes simple = opencv(".webp", bgr(colours()), {cv::IMWRITE_WEBP_QUALITY, 101});
  Bytes body = text("WEBPVP8X");
  append(body, little(10, 4));
  append(body, little(0x08, 4));
  append(body, little(6 - 1, 3));
  append(body, little(4 - 1, 3));
  append(body, Bytes(simple.begin() + 12, simple.end()));
  append(body, text("EXIF"));
  append(body, little(static_cast<std::uint32_t>(exif(orientation).size()), 4));
  append(body, exif(orientation));
  Bytes bytes = text("RIFF");
  append(bytes, little(static_cast<std::uint32_t>(body.size()), 4));
  append(bytes, body);
  return bytes;
}

/// A plain TIFF of the pixels with one orientation, in strips of two rows.
Bytes with_orientation_tiff(const cv::Mat& pixels, int orientation,
                            const std::function<Bytes(std::uint32_t, int)>& number, const char* order) {
  const auto channels = static_cast<std::uint32_t>(pixels.channels());
  const auto strip = static_cast<std::uint32_t>(pixels.cols * 2) * channels;
  constexpr std::uint32_t data = 8;
  constexpr std::uint32_t arrays = data + 6 * 4 * 3;
  Bytes bytes = text(order);
  append(bytes, number(42, 2));
  append(bytes, number(arrays + 6 + 16, 4));
  bytes.insert(bytes.end(), pixels.datastart, pixels.dataend);
  bytes.resize(arrays);
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
  tag(278, 3, 1, 2);
  tag(279, 4, 2, arrays + 14);
  append(bytes, number(0, 4));
  return bytes;
}

Bytes with_orientation_tiff_little(int orientation) {
  return with_orientation_tiff(colours(), orientation, little, "II");
}

Bytes with_orientation_tiff_big(int orientation) {
  return with_orientation_tiff(colours(), orientation, big, "MM");
}

/// Where the EXIF standard shows the stored pixel (x, y).
cv::Point shown(int orientation, int x, int y, cv::Size stored) {
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

cv::Mat turned(const cv::Mat& stored, int orientation) {
  cv::Mat upright(orientation >= 5 ? stored.t().size() : stored.size(), CV_8UC3);
  for (int y = 0; y < stored.rows; ++y)
    for (int x = 0; x < stored.cols; ++x)
      upright.at<cv::Vec3b>(shown(orientation, x, y, stored.size())) = stored.at<cv::Vec3b>(y, x);
  return upright;
}

/// A small file of each format and kind.
std::vector<std::pair<std::string, Bytes>> samples() {
  std::vector<std::pair<std::string, Bytes>> files = {
      {"PNG", with_exif_png(6)},
      {"JPEG", with_exif_jpeg(6)},
      {"WebP", with_exif_webp(6)},
      {"lossy WebP", opencv(".webp", colours())},
      {"BMP", opencv(".bmp", colours())},
      {"grey BMP", opencv(".bmp", channel(colours(), 0))},
      {"TIFF", with_orientation_tiff_little(6)},
      {"progressive JPEG", opencv(".jpg", colours(), {cv::IMWRITE_JPEG_PROGRESSIVE, 1})}};
  for (const char* name : {"rgba.webp", "palette_alpha.png", "bit.tif", "rgba.tif", "cmyk.tif", "cmyk.jpg", "rgba.bmp"})
    files.emplace_back(name, golden(name));
  return files;
}

// Reading.

TEST(ReadPicture, TurnsEveryOrientationUprightInEveryFormat) {
  const std::vector<std::pair<std::string, Bytes (*)(int)>> formats = {{"PNG", with_exif_png},
                                                                       {"PNG, late", with_late_exif_png},
                                                                       {"JPEG", with_exif_jpeg},
                                                                       {"WebP", with_exif_webp},
                                                                       {"TIFF, little", with_orientation_tiff_little},
                                                                       {"TIFF, big", with_orientation_tiff_big}};
  for (const auto& [format, file] : formats) {
    const cv::Mat stored = decode(file(1)).rgb;
    EXPECT_TRUE(format == "JPEG" || same(stored, colours())) << format;
    for (int orientation = 1; orientation <= 8; ++orientation) {
      const Picture picture = decode(file(orientation));
      EXPECT_TRUE(same(picture.rgb, turned(stored, orientation))) << format << " with orientation " << orientation;
      EXPECT_TRUE(picture.rgb.isContinuous());
    }
    EXPECT_TRUE(same(decode(file(0)).rgb, stored)) << format << " with an orientation that there is not";
    EXPECT_TRUE(same(decode(file(9)).rgb, stored)) << format << " with an orientation that there is not";
  }
}

TEST(ReadPicture, TurnsGreyAndAlphaToo) {
  const Bytes grey = with_orientation_tiff(channel(colours(), 0), 6, little, "II");
  EXPECT_TRUE(same(decode(grey).rgb, turned(three(channel(colours(), 0)), 6)));
  Bytes alpha = golden("grey_alpha.png");
  insert(alpha, after_png_header, chunk("eXIf", exif(8)));
  EXPECT_TRUE(same(three(decode(alpha).alpha), turned(three(opacity()), 8)));
}

TEST(ReadPicture, KeepsAlphaAndTheColoursUnderIt) {
  for (const char* name : {"rgba.webp", "rgba.tif", "rgba.bmp", "palette_alpha.png"}) {
    const Picture picture = decode(golden(name));
    EXPECT_TRUE(same(picture.rgb, colours())) << name;
    EXPECT_TRUE(same(picture.alpha, opacity())) << name;
    EXPECT_FALSE(picture.grey) << name;
    EXPECT_TRUE(picture.notes.empty()) << name;
  }
}

TEST(ReadPicture, DividesColoursThatAlphaWasMultipliedInto) {
  const Picture picture = decode(golden("rgba_multiplied.tif"));
  EXPECT_TRUE(same(picture.alpha, opacity()));
  EXPECT_TRUE(notes_say(picture, "divided by alpha"));
  cv::Mat difference;
  cv::absdiff(picture.rgb, colours(), difference);
  difference.setTo(0, opacity() == 0);
  EXPECT_LE(cv::norm(difference, cv::NORM_INF), 1);
}

TEST(ReadPicture, ReadsGreyAsThreeEqualChannels) {
  const cv::Mat grey = channel(colours(), 0);
  for (const char* extension : {".png", ".bmp", ".tiff"}) {
    const Picture picture = decode(opencv(extension, grey));
    EXPECT_TRUE(picture.grey) << extension;
    EXPECT_TRUE(same(picture.rgb, three(grey))) << extension;
    EXPECT_TRUE(picture.alpha.empty()) << extension;
  }
  EXPECT_TRUE(decode(opencv(".jpg", grey)).grey);
  EXPECT_FALSE(decode(opencv(".png", three(grey))).grey) << "three channels in the file stay three";
}

TEST(ReadPicture, ReadsGreyWithAlpha) {
  const Picture picture = decode(golden("grey_alpha.png"));
  EXPECT_TRUE(picture.grey);
  EXPECT_TRUE(same(picture.rgb, three(channel(colours(), 0))));
  EXPECT_TRUE(same(picture.alpha, opacity()));
  const Picture tiff = decode(golden("grey_alpha.tif"));
  EXPECT_TRUE(same(tiff.rgb, picture.rgb));
  EXPECT_TRUE(notes_say(tiff, "left out"));
}

TEST(ReadPicture, ReadsTheSeeThroughLevelOfAGreyPng) {
  const cv::Mat grey = channel(colours(), 0);
  EXPECT_TRUE(same(decode(golden("grey_transparent.png")).alpha, grey != grey.at<std::uint8_t>(1, 2)));
  const Picture bit = decode(golden("bit_transparent.png"));
  EXPECT_TRUE(same(bit.alpha, channel(bit.rgb, 0) == 0));
}

TEST(ReadPicture, ReadsTheSmallestPictures) {
  const cv::Mat red(1, 1, CV_8UC3, cv::Scalar(255, 0, 0));
  for (const char* extension : {".png", ".bmp", ".tiff"})
    EXPECT_TRUE(same(decode(opencv(extension, bgr(red))).rgb, red)) << extension;
  Bytes bmp = opencv(".bmp", bgr(red));
  bmp[28] = 32;  // its row is padded to four bytes anyway
  EXPECT_TRUE(same(decode(bmp).rgb, red));
}

TEST(ReadPicture, ReadsFewColours) {
  for (const char* name : {"bit.png", "bit.tif"}) {
    const Picture picture = decode(golden(name));
    EXPECT_TRUE(picture.grey);
    EXPECT_EQ(picture.rgb.at<cv::Vec3b>(0, 0), cv::Vec3b(0, 0, 0)) << name;
    EXPECT_EQ(picture.rgb.at<cv::Vec3b>(0, 1), cv::Vec3b(255, 255, 255)) << name;
  }
  for (const char* name : {"palette.png", "palette.tif"}) {
    EXPECT_TRUE(same(decode(golden(name)).rgb, colours())) << name;
    EXPECT_TRUE(decode(golden(name)).alpha.empty()) << name;
  }
}

TEST(ReadPicture, RoundsSixteenBitsAndSaysSo) {
  cv::Mat rgba(16, 16, CV_16UC4);
  cv::RNG(1).fill(rgba, cv::RNG::UNIFORM, 0, 65536);
  const Picture picture = decode(opencv(".png", rgba));
  EXPECT_TRUE(notes_say(picture, "16 bits a channel read as 8"));
  for (int y = 0; y < rgba.rows; ++y)
    for (int x = 0; x < rgba.cols; ++x) {
      const auto stored = rgba.at<cv::Vec<std::uint16_t, 4>>(y, x);
      for (int i = 0; i < 3; ++i) EXPECT_EQ(picture.rgb.at<cv::Vec3b>(y, x)[i], (stored[2 - i] + 128) / 257);
      EXPECT_EQ(picture.alpha.at<std::uint8_t>(y, x), (stored[3] + 128) / 257);
    }
  const cv::Mat grey = channel(rgba, 0);
  EXPECT_TRUE(decode(opencv(".png", grey)).grey);
  EXPECT_TRUE(same(decode(opencv(".png", grey)).rgb, decode(opencv(".tiff", grey)).rgb));
}

TEST(ReadPicture, SaysWhatItChanges) {
  const Picture jpeg = decode(golden("cmyk.jpg"));
  EXPECT_TRUE(notes_say(jpeg, "CMYK read as RGB"));
  const cv::Vec3b colour = jpeg.rgb.at<cv::Vec3b>(8, 8);
  EXPECT_NEAR(colour[0], 200, 3);
  EXPECT_NEAR(colour[1], 100, 3);
  EXPECT_NEAR(colour[2], 50, 3);
  const Picture tiff = decode(golden("cmyk.tif"));
  EXPECT_TRUE(notes_say(tiff, "CMYK read as RGB"));
  EXPECT_TRUE(same(tiff.rgb, colours()));
  EXPECT_TRUE(tiff.alpha.empty());

  EXPECT_TRUE(notes_say(decode(golden("animated.png")), "first of 2 frames"));
  EXPECT_TRUE(same(decode(golden("animated.png")).rgb, colours()));
  EXPECT_TRUE(notes_say(decode(golden("two_pages.tif")), "first of several pages"));
  EXPECT_TRUE(same(decode(golden("two_pages.tif")).rgb, colours()));
  EXPECT_TRUE(notes_say(decode(golden("other_profile.jpg")), "colour profile left out"));
  EXPECT_TRUE(decode(golden("srgb.jpg")).notes.empty());
}

TEST(ReadPicture, DecodesAJpegAsOpenCvDoes) {
  cv::Mat smooth;
  cv::resize(colours(), smooth, {61, 43}, 0, 0, cv::INTER_CUBIC);
  const Bytes bytes = opencv(".jpg", smooth);
  EXPECT_TRUE(same(bgr(decode(bytes).rgb), cv::imdecode(bytes, cv::IMREAD_UNCHANGED)));
}

TEST(ReadPicture, RefusesWhatItWouldReadWrongAndSaysWhatToDo) {
  expect_in(complaint(golden("lab.tif")), "save it as RGB");
  expect_in(complaint(golden("float.tif")), "not whole numbers");
  expect_in(complaint(golden("animated.webp")), "animated WebP");
  expect_in(complaint(opencv(".tiff", cv::Mat::zeros(4, 6, CV_32FC3))), "not whole numbers");
}

TEST(ReadPicture, SaysWhatIsNoPicture) {
  EXPECT_EQ(message_of<PictureError>([] { decode_picture(text("Dear diary,"), "photo.txt"); }),
            "photo.txt: not a picture that is read (its first bytes are none of PNG, JPEG, WebP, BMP or TIFF)");
  expect_in(complaint({}), "empty file");
  const fs::path missing = "/nonexistent/photo.jpg";
  expect_in(message_of<FileError>([&] { read_picture(missing); }), "photo.jpg: cannot be read: No such file");
  expect_in(message_of<FileError>([] { read_picture("/tmp"); }), "Is a directory");
}

TEST(ReadPicture, ChecksTheSizeBeforeItDecodes) {
  expect_in(complaint(png_of_size(60'000, 60'000)), "60000 × 60000 pixels, more than the bound of 100 megapixels");
  expect_in(complaint(png_of_size(0xFFFFFFFF, 0xFFFFFFFF)), "more than the bound");
  expect_in(complaint(png_of_size(0, 4)), "without pixels");
  const Bytes small = opencv(".png", colours());
  EXPECT_NO_THROW(decode_picture(small, "test", {.max_pixels = 24}));
  EXPECT_THROW(decode_picture(small, "test", {.max_pixels = 23}), PictureError);
}

TEST(ReadPicture, KnowsTheFileByItsHash) {
  const Bytes bytes = opencv(".png", colours());
  EXPECT_EQ(decode(bytes).sha256, sha256(bytes));
}

// Damage.

TEST(DamagedPicture, IsRefusedWhereverItIsCutShort) {
  for (const auto& [name, bytes] : samples())
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto cut = std::span(bytes).first(length);
      EXPECT_THROW(decode_picture(cut, name), PictureError)
          << name << " cut after " << length << " of " << bytes.size();
    }
  expect_in(message_of<PictureError>([] {
              const Bytes jpeg = with_exif_jpeg(1);
              decode_picture(std::span(jpeg).first(jpeg.size() - 2), "photo.jpg");
            }),
            "photo.jpg: cut short: the end marker of a JPEG is missing");
}

TEST(DamagedPicture, GivesAPictureOrAPictureErrorWhateverItsBytes) {
  std::mt19937 random(20);
  for (const auto& [name, bytes] : samples())
    for (int round = 0; round < 300; ++round) {
      Bytes damaged = bytes;
      const std::size_t within = round % 2 == 0 ? std::min<std::size_t>(damaged.size(), 64) : damaged.size();
      for (std::size_t flips = 1 + random() % 4; flips > 0; --flips)
        damaged[random() % within] ^= static_cast<std::uint8_t>(1U << random() % 8);
      try {
        const Picture picture = decode_picture(damaged, name, {.max_pixels = 1'000'000});
        EXPECT_EQ(picture.rgb.type(), CV_8UC3);
      } catch (const PictureError&) {
      }
    }
}

TEST(DamagedPicture, MayHaveBytesBehindItsEnd) {
  for (const auto& [name, bytes] : samples()) {
    Bytes longer = bytes;
    append(longer, text("and then some"));
    EXPECT_TRUE(same(decode(longer).rgb, decode(bytes).rgb)) << name;
  }
}

Bytes png_with_bad_pixels() {
  Bytes bytes = opencv(".png", colours());
  bytes[bytes.size() - 20] ^= 1;
  return bytes;
}

Bytes jpeg_with_stray_bytes() {
  Bytes bytes = opencv(".jpg", colours());
  insert(bytes, bytes.size() - 2, Bytes(16, 0));
  return bytes;
}

TEST(DamagedPicture, SaysWhatTheCodecSays) {
  expect_in(complaint(png_with_bad_pixels()), "test: damaged: IDAT: incorrect data check");
  EXPECT_TRUE(notes_say(decode(jpeg_with_stray_bytes()), "perhaps damaged: Corrupt JPEG data: "));
}

TEST(DamagedPicture, LeavesStandardErrorToOthers) {
  std::string expected;
  testing::internal::CaptureStderr();
  std::thread reader([] {
    for (int i = 0; i < 50; ++i) {
      decode(jpeg_with_stray_bytes());
      EXPECT_THROW(decode(png_with_bad_pixels()), PictureError);
    }
  });
  for (int i = 0; i < 200; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    std::fputs(line.c_str(), stderr);
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    expected += line;
  }
  reader.join();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), expected);
}

// Writing.

/// A folder of its own, gone after the test.
class Folder : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "faceoff-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder_), {}); }

  fs::path folder_;
};

using WritePicture = Folder;
using WriteAtomically = Folder;

Picture picture_of(const cv::Mat& rgb, const cv::Mat& alpha, bool grey) {
  Picture picture;
  picture.rgb = rgb;
  picture.alpha = alpha;
  picture.grey = grey;
  return picture;
}

TEST_F(WritePicture, GivesBackEveryPixelFromAPng) {
  const cv::Mat grey = three(channel(colours(), 0));
  for (const Picture& picture : {picture_of(colours(), {}, false), picture_of(colours(), opacity(), false),
                                 picture_of(grey, {}, true), picture_of(grey, opacity(), true)}) {
    const fs::path path = folder_ / "picture.png";
    write_picture(path, picture);
    const Picture again = read_picture(path);
    EXPECT_TRUE(same(again.rgb, picture.rgb));
    EXPECT_TRUE(same(again.alpha, picture.alpha));
    EXPECT_EQ(again.grey, picture.grey);
    EXPECT_TRUE(again.notes.empty());
    EXPECT_EQ(again.sha256, sha256_file(path));
    EXPECT_EQ(encode_picture(picture), encode_picture(again)) << "the same picture is the same file";
  }
  EXPECT_EQ(files(), 1);
}

TEST_F(WritePicture, WritesNoiseOfAnySize) {
  cv::RNG random(2);
  for (const cv::Size size : {cv::Size(1, 1), cv::Size(1, 300), cv::Size(301, 7)}) {
    cv::Mat rgb(size, CV_8UC3);
    cv::Mat alpha(size, CV_8UC1);
    random.fill(rgb, cv::RNG::UNIFORM, 0, 256);
    random.fill(alpha, cv::RNG::UNIFORM, 0, 256);
    const Picture colour = decode(encode_picture(picture_of(rgb, alpha, false)));
    EXPECT_TRUE(same(colour.rgb, rgb) && same(colour.alpha, alpha));
    const Picture grey = decode(encode_picture(picture_of(three(alpha), channel(rgb, 1), true)));
    EXPECT_TRUE(same(grey.rgb, three(alpha)) && same(grey.alpha, channel(rgb, 1)) && grey.grey);
  }
}

TEST_F(WritePicture, WritesJpegs) {
  const cv::Mat flat(64, 64, CV_8UC3, cv::Scalar(200, 100, 50));
  const Encoding good{PictureFormat::jpeg, 95};
  const Picture again = decode(encode_picture(picture_of(flat, cv::Mat(64, 64, CV_8UC1, cv::Scalar(9)), false), good));
  EXPECT_LE(cv::norm(again.rgb, flat, cv::NORM_INF), 3);
  EXPECT_TRUE(again.alpha.empty());
  EXPECT_TRUE(decode(encode_picture(picture_of(three(channel(flat, 0)), {}, true), good)).grey);
  const Picture detailed = picture_of(colours(), {}, false);
  EXPECT_LT(encode_picture(detailed, {PictureFormat::jpeg, 30}).size(), encode_picture(detailed, good).size());
}

TEST_F(WritePicture, SaysWhatCannotBeEncoded) {
  const Picture wide = picture_of(cv::Mat::zeros(1, 70'000, CV_8UC3), {}, false);
  expect_in(message_of<PictureError>([&] { encode_picture(wide, {PictureFormat::jpeg, 95}); }), "70000 × 1 pixels");
  EXPECT_THROW(encode_picture({}), PictureError);
}

TEST_F(WriteAtomically, ReplacesAFileWithTheUsualRights) {
  const fs::path path = folder_ / "file";
  write_atomically(path, "old");
  write_atomically(path, "new");
  EXPECT_EQ(read_file(path, 100), text("new"));
  EXPECT_EQ(files(), 1);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  EXPECT_EQ(static_cast<mode_t>(fs::status(path).permissions()), 0666 & ~mask);
}

TEST_F(WriteAtomically, TakesANameWithoutAFolderAndALongOne) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  write_atomically("file", "words");
  write_atomically(std::string(255, 'n'), "words");
  fs::current_path(before);
  EXPECT_EQ(read_file(folder_ / "file", 100), text("words"));
  EXPECT_EQ(files(), 2);
}

TEST_F(WriteAtomically, SaysWhereItCannotWriteAndLeavesNothingBehind) {
  write_atomically(folder_ / "file", "words");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const auto error = [](const fs::path& path) {
    return message_of<FileError>([&] { write_atomically(path, "more"); });
  };
  expect_in(error(folder_ / "missing" / "a.png"),
            "a.png: cannot be written into its folder: No such file or directory");
  expect_in(error(folder_ / "file" / "a.png"), "Not a directory");
  expect_in(error(folder_), "it is a folder");
  expect_in(error(folder_ / "pipe"), "plain file");
  expect_in(error("/proc/a.png"), "/proc/a.png: cannot be written into its folder");
  EXPECT_EQ(files(), 2);
}

TEST_F(WriteAtomically, KeepsTheOldFileWhereTheNewOneDoesNotFit) {
  const fs::path path = folder_ / "file";
  write_atomically(path, "old");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message = message_of<FileError>([&] { write_atomically(path, std::string(2000, 'n')); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  expect_in(message, "cannot be written: File too large");
  EXPECT_EQ(read_file(path, 100), text("old"));
  EXPECT_EQ(files(), 1);
}

TEST_F(WriteAtomically, HasAHashToCheckItBy) {
  const std::string abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(sha256(text("abc")), abc);
  write_atomically(folder_ / "file", "abc");
  EXPECT_EQ(sha256_file(folder_ / "file"), abc);
  EXPECT_THROW(sha256_file(folder_ / "missing"), FileError);
  expect_in(message_of<FileError>([&] { read_file(folder_ / "file", 2); }), "larger than the bound of 2 bytes");
}

}  // namespace
}  // namespace faceoff
