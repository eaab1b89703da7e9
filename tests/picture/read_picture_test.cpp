#include <faceoff/error.hpp>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/files.hpp"
#include "picture/bounds.hpp"
#include "picture/picture.hpp"
#include "picture/pictures.hpp"

namespace faceoff::picture_test {
namespace {

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
  const Picture of_three = decode(opencv(".png", three(grey)));
  EXPECT_TRUE(of_three.grey);
  EXPECT_FALSE(of_three.one_channel) << "three channels in the file stay three";
  EXPECT_FALSE(decode(opencv(".png", colours())).grey);
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

TEST(ReadPicture, KeepsAColourProfileUnlessItIsSrgb) {
  const std::string profile = decode(golden("rgb_profile.jpg")).profile;
  EXPECT_EQ(profile.substr(36, 4), "acsp");
  for (const char* name : {"rgb_profile.jpg", "rgb_profile.png", "rgb_profile.webp", "rgb_profile.tif"}) {
    const Picture picture = decode(golden(name));
    EXPECT_EQ(picture.profile, profile) << name;
    EXPECT_TRUE(notes_say(picture, "its colour profile is kept")) << name;
  }
  for (const char* name : {"srgb.jpg", "srgb.png"}) {
    EXPECT_TRUE(decode(golden(name)).profile.empty()) << name;
    EXPECT_TRUE(decode(golden(name)).notes.empty()) << name;
  }
}

TEST(ReadPicture, SaysWhatAPictureThatIsNotReadIsAndWhatConvertsIt) {
  const auto said = [](const std::string& start) {
    const std::string bytes = start + std::string(200, '\0');
    return error_of<PictureError>([&] { decode(Bytes(bytes.begin(), bytes.end())); });
  };
  expect_in(said(std::string("\0\0\0\x18"
                             "ftypheic",
                             12)),
            "heif-convert IN.heic OUT.jpg");
  expect_in(said(std::string("\0\0\0\x18"
                             "ftypavif",
                             12)),
            "AVIF");
  expect_in(said(std::string("\0\0\0\x18"
                             "ftypisom",
                             12)),
            "a film");
  expect_in(said("GIF89a"), "convert IN.gif[0] OUT.png");
  expect_in(said("8BPS"), "PSD");
  expect_in(said(std::string("II*\0\x10\0\0\0CR\2\0", 12)), "raw picture");
  expect_in(said("FUJIFILMCCD-RAW"), "raw picture");
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
  EXPECT_EQ(error_of<PictureError>([] { decode_picture(text("Dear diary,"), "photo.txt"); }),
            "photo.txt: not a picture that is read (its first bytes are none of PNG, JPEG, WebP, BMP or TIFF)");
  expect_in(complaint({}), "empty file");
  const fs::path missing = "/nonexistent/photo.jpg";
  expect_in(error_of<FileError>([&] { read_picture(missing); }), "photo.jpg: cannot be read: No such file");
  expect_in(error_of<FileError>([] { read_picture("/tmp"); }), "Is a directory");
}

TEST(ReadPicture, IsRefusedWithTheFigureWhereItTakesMoreMemoryThanThereIs) {
  PictureHeader header;
  header.width = 6000;
  header.height = 4500;
  require_bounds(header, "photo.jpg", 100'000'000, 1);
  const std::string said =
      error_of<PictureError>([&] { require_bounds(header, "photo.jpg", 100'000'000, 1'000'000'000); });
  expect_in(said, "photo.jpg: 6000 × 4500 pixels take about 27000000.0 GB of memory here, and ");
  expect_in(said, " GB are available");
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

}  // namespace
}  // namespace faceoff::picture_test
