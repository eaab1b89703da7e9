// How far a delivered picture is from the original, as scikit-image says it.
#include "picture/quality.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include <cmath>
#include <fstream>
#include <string>

#include "picture/picture.hpp"

namespace faceoff {
namespace {

/// The changes of tests/golden/quality.py.
cv::Mat changed(const cv::Mat& picture, const std::string& kind) {
  cv::Mat out = picture.clone();
  for (int y = 0; y < out.rows; ++y) {
    for (int x = 0; x < out.cols; ++x) {
      for (int c = 0; c < 3; ++c) {
        int value = picture.at<cv::Vec3b>(y, x)[c];
        if (kind == "pattern") value += (7 * x + 13 * y + 5 * c) % 17 - 8;
        if (kind == "square" && x >= 10 && x < 40 && y >= 20 && y < 50) value += 30;
        if (kind == "negative") value = 255 - value;
        if (kind == "corner" && x < 6 && y < 6) value += 60;
        out.at<cv::Vec3b>(y, x)[c] = cv::saturate_cast<std::uint8_t>(value);
      }
    }
  }
  return out;
}

TEST(Quality, IsWhatScikitImageSays) {
  const std::filesystem::path golden = FACEOFF_GOLDEN_FOLDER;
  const nlohmann::json cases = nlohmann::json::parse(std::ifstream(golden / "quality.json")).at("cases");
  ASSERT_GT(cases.size(), 8U);
  for (const nlohmann::json& expected : cases) {
    const cv::Mat all = read_picture(golden / "faces" / expected.at("file").get<std::string>()).rgb;
    const cv::Mat picture =
        all(cv::Rect(0, 0, expected.at("width").get<int>(), expected.at("height").get<int>())).clone();
    const Quality quality = compare(picture, changed(picture, expected.at("change").get<std::string>()));
    SCOPED_TRACE(expected.dump());
    EXPECT_EQ(quality.linf, expected.at("linf").get<int>());
    EXPECT_NEAR(quality.psnr.value(), expected.at("psnr").get<double>(), 1e-9);
    EXPECT_NEAR(quality.ssim, expected.at("ssim").get<double>(), 1e-4);
  }
}

TEST(Quality, OfTheSamePictureHasNoPsnr) {
  const cv::Mat picture(20, 30, CV_8UC3, cv::Scalar(10, 200, 90));
  const Quality quality = compare(picture, picture.clone());
  EXPECT_EQ(quality.linf, 0);
  EXPECT_FALSE(quality.psnr.has_value());
  EXPECT_EQ(quality.ssim, 1);
}

TEST(Quality, OfAPictureSmallerThanSsimsWindowIsStillANumber) {
  const cv::Mat picture(3, 30, CV_8UC3, cv::Scalar(10, 200, 90));
  const Quality quality = compare(picture, changed(picture, "pattern"));
  EXPECT_GT(quality.ssim, 0);
  EXPECT_LT(quality.ssim, 1);
}

}  // namespace
}  // namespace faceoff
