#include <faceoff/error.hpp>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "base/files.hpp"
#include "picture/picture.hpp"
#include "picture/pictures.hpp"
#include "temporary_folder.hpp"

namespace faceoff::picture_test {
namespace {

/// A folder of its own, gone after the test.
class Folder : public testing::Test {
 protected:
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder_.path()), {}); }

  TemporaryFolder folder_;
};

using WritePicture = Folder;
using WriteAtomically = Folder;

Picture picture_of(const cv::Mat& rgb, const cv::Mat& alpha, bool grey) {
  Picture picture;
  picture.rgb = rgb;
  picture.alpha = alpha;
  picture.grey = picture.one_channel = grey;
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

TEST_F(WritePicture, CarriesTheColourProfile) {
  Picture picture = picture_of(colours(), {}, false);
  picture.profile = decode(golden("rgb_profile.png")).profile;
  picture.profile.resize(150'000);  // a JPEG has it in three parts
  for (const PictureFormat format : {PictureFormat::png, PictureFormat::jpeg})
    EXPECT_EQ(decode(encode_picture(picture, {format, 95})).profile, picture.profile);
  EXPECT_TRUE(same(decode(encode_picture(picture)).rgb, picture.rgb));
  Picture grey = picture_of(three(channel(colours(), 0)), {}, false);
  grey.grey = true;
  EXPECT_FALSE(decode(encode_picture(grey)).one_channel) << "three channels are written as three";
}

/// EXIF that turns the picture by 90 degrees, names a place, and has two previews.
std::string exif() {
  std::string text = std::string("II*\0\x08\0\0\0", 8);
  const auto number = [&](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xFF);
  };
  const auto entry = [&](std::uint32_t tag, std::uint32_t type, std::uint32_t count, std::uint32_t value) {
    number(tag, 2), number(type, 2), number(count, 4), number(value, 4);
  };
  number(3, 2);            // at 8: three entries
  entry(274, 3, 1, 6);     // orientation
  entry(270, 2, 8, 106);   // a description
  entry(34665, 4, 1, 50);  // the camera's own directory
  number(68, 4);           // the next directory: the preview's
  number(1, 2);            // at 50
  entry(37500, 7, 8, 98);  // the maker's note
  number(0, 4);
  number(2, 2);  // at 68
  entry(513, 4, 1, 114), entry(514, 4, 1, 8);
  number(0, 4);
  return text + std::string("MAKERNTEPLACE!!\0PREVIEW!", 24);
}

TEST_F(WritePicture, LeavesOutAProfileOfWhichAPartIsMissing) {
  Picture picture = picture_of(colours(), {}, false);
  picture.profile = decode(golden("rgb_profile.png")).profile;
  picture.profile.resize(150'000);
  std::vector<std::uint8_t> bytes = encode_picture(picture, {PictureFormat::jpeg, 95});
  bytes.erase(bytes.begin() + 2, bytes.begin() + 2 + 65'537);  // the first part
  const Picture read = decode(bytes);
  EXPECT_TRUE(read.profile.empty());
  EXPECT_TRUE(notes_say(read, "colour profile left out"));
}

TEST_F(WritePicture, KeepsExifOnRequestWithoutWhatShowsOrTurnsThePicture) {
  Picture picture = picture_of(colours(), {}, false);
  picture.exif = exif();
  for (const PictureFormat format : {PictureFormat::png, PictureFormat::jpeg}) {
    const Encoding keeping{format, 95, true};
    const std::vector<std::uint8_t> turned = encode_picture(picture, keeping);
    const Picture read = decode(turned);
    EXPECT_EQ(read.rgb.rows, picture.rgb.cols) << "it is turned by it";
    EXPECT_EQ(read.exif.size(), picture.exif.size());
    EXPECT_NE(read.exif.find("PLACE"), std::string::npos);
    for (const char* shown : {"PREVIEW!", "RNTE"}) EXPECT_EQ(read.exif.find(shown), std::string::npos) << shown;
    const Picture again = decode(encode_picture(read, keeping));
    EXPECT_EQ(again.rgb.rows, read.rgb.rows) << "it says upright now";
    EXPECT_EQ(again.exif, read.exif);
    EXPECT_TRUE(decode(encode_picture(read, {format, 95})).exif.empty()) << "nobody asked for it";
  }
  picture.exif.resize(60);
  EXPECT_TRUE(decode(encode_picture(picture, {PictureFormat::png, 95, true})).exif.empty()) << "damaged";
}

TEST_F(WritePicture, SaysWhatCannotBeEncoded) {
  const Picture wide = picture_of(cv::Mat::zeros(1, 70'000, CV_8UC3), {}, false);
  expect_in(error_of<PictureError>([&] { encode_picture(wide, {PictureFormat::jpeg, 95}); }), "70000 × 1 pixels");
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
  fs::current_path(folder_.path());
  write_atomically("file", "words");
  write_atomically(std::string(255, 'n'), "words");
  fs::current_path(before);
  EXPECT_EQ(read_file(folder_ / "file", 100), text("words"));
  EXPECT_EQ(files(), 2);
}

TEST_F(WriteAtomically, SaysWhereItCannotWriteAndLeavesNothingBehind) {
  write_atomically(folder_ / "file", "words");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const auto error = [](const fs::path& path) { return error_of<FileError>([&] { write_atomically(path, "more"); }); };
  expect_in(error(folder_ / "missing" / "a.png"),
            "a.png: cannot be written into its folder: No such file or directory");
  expect_in(error(folder_ / "file" / "a.png"), "Not a directory");
  expect_in(error(folder_.path()), "it is a folder");
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
  const std::string message = error_of<FileError>([&] { write_atomically(path, std::string(2000, 'n')); });
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
  expect_in(error_of<FileError>([&] { read_file(folder_ / "file", 2); }), "larger than the bound of 2 bytes");
}

}  // namespace
}  // namespace faceoff::picture_test
