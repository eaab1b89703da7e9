#include <faceoff/error.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>
#include <thread>

#include "base/files.hpp"
#include "picture/picture.hpp"
#include "picture/pictures.hpp"

namespace faceoff::picture_test {
namespace {

TEST(DamagedPicture, IsRefusedWhereverItIsCutShort) {
  for (const auto& [name, bytes] : samples())
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto cut = std::span(bytes).first(length);
      EXPECT_THROW(decode_picture(cut, name), PictureError)
          << name << " cut after " << length << " of " << bytes.size();
    }
  expect_in(error_of<PictureError>([] {
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

TEST(DamagedPicture, IsRefusedWhereAPartOfItsPixelsIsMissing) {
  for (const bool progressive : {false, true}) {
    cv::Mat noise(64, 64, CV_8UC3);
    cv::randu(noise, 0, 256);
    Bytes jpeg = opencv(".jpg", noise, {cv::IMWRITE_JPEG_PROGRESSIVE, progressive ? 1 : 0});
    jpeg.resize(jpeg.size() / 2);
    append(jpeg, {0xFF, 0xD9});
    expect_in(complaint(jpeg), "test: cut short: a part of its pixels is missing");
  }
}

TEST(DamagedPicture, IsRefusedWhereATiffsPixelsCantBeUnpacked) {
  cv::Mat noise(64, 64, CV_8UC3);
  cv::randu(noise, 0, 256);
  Bytes tiff = opencv(".tif", noise);
  EXPECT_FALSE(decode(tiff).rgb.empty());
  std::fill_n(tiff.begin() + 3000, 100, std::uint8_t{0xFF});  // OpenCV makes black of it
  expect_in(complaint(tiff), "test: damaged: ");
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

}  // namespace
}  // namespace faceoff::picture_test
