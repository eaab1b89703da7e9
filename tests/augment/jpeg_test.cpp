#include <ATen/ATen.h>

#include "augment/images.hpp"
#include "faces/faces.hpp"
#include "picture/degrade.hpp"
#include "picture/picture.hpp"

namespace faceoff {
namespace {

namespace fs = std::filesystem;

const fs::path golden = FACEOFF_GOLDEN_FOLDER;

Picture part_of(const fs::path& file, int height, int width) {
  Picture picture = read_picture(golden / "faces" / file);
  picture.rgb = picture.rgb(cv::Rect(0, 0, width, height)).clone();
  return picture;
}

at::Tensor pixels_of(const Picture& picture) {
  return to_tensor(picture, at::kDouble);
}

at::Tensor compressed(const Picture& picture, std::int64_t quality, const std::string& subsampling) {
  return augmented("jpeg", {{"low", quality}, {"high", quality}, {"subsampling", subsampling}},
                   unmoved(pixels_of(picture)))
      .pixels;
}

double mean_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().mean().item<double>();
}

TEST(Jpeg, IsWhatOpenCvsEncoderMakesOfAPicture) {
  for (const std::string file : {"crop00_224.png", "crop02_224.png", "crop05_150.png"}) {
    const Picture face = part_of(file, 131, 150);  // no whole blocks
    for (const std::int64_t quality : {50, 75, 95}) {
      Picture encoded;
      encoded.rgb = degrade(face, parse_degradation("jpeg:" + std::to_string(quality)));
      const double difference = mean_difference(compressed(face, quality, "4:2:0"), pixels_of(encoded));
      EXPECT_LT(difference, 1) << file << " at " << quality;
      EXPECT_LT(difference, (quality < 95 ? .5 : .75) * mean_difference(pixels_of(face), pixels_of(encoded)))
          << file << " at " << quality;
    }
  }
}

TEST(Jpeg, WithoutSubsamplingIsWhatPillowMakesOfAFace) {
  const Picture face = read_picture(golden / "faces" / "arc00_112.png");
  for (const std::int64_t quality : {50, 75, 95}) {
    const Picture encoded = read_picture(golden / "jpeg" / ("q" + std::to_string(quality) + "_444.jpg"));
    const double difference = mean_difference(compressed(face, quality, "4:4:4"), pixels_of(encoded));
    EXPECT_LT(difference, 1) << quality;
    EXPECT_LT(difference, (quality < 95 ? .5 : .75) * mean_difference(pixels_of(face), pixels_of(encoded))) << quality;
    EXPECT_LT(difference, mean_difference(compressed(face, quality, "4:2:0"), pixels_of(encoded))) << quality;
  }
}

TEST(Jpeg, DrawsAWholeQualityForEachImage) {
  const Picture face = part_of("crop00_150.png", 16, 16);
  std::vector<at::Tensor> of_quality;
  for (std::int64_t quality = 50; quality <= 95; ++quality) of_quality.push_back(compressed(face, quality, "4:2:0"));
  const at::Tensor fixed = at::cat(of_quality).flatten(1);  // [46,…]
  const at::Tensor drawn = augmented("jpeg", {}, unmoved(pixels_of(face).expand({2000, 3, 16, 16}))).pixels.flatten(1);
  const auto [distance, which] = at::cdist(drawn, fixed).min(1);
  EXPECT_LT(distance.max().item<double>(), 1e-3);
  const at::Tensor counts = at::bincount(which, {}, 46);
  EXPECT_EQ(counts.size(0), 46);
  EXPECT_GT(counts.min().item<std::int64_t>(), 20);  // of 43 on average
  EXPECT_LT(counts.max().item<std::int64_t>(), 75);
}

TEST(Jpeg, KeepsWhatItsTablesKeep) {
  // At quality 100 all steps are 1. White less 128 is a whole number of them, and a grey level half way is not.
  const at::Tensor grey = at::full({1, 3, 9, 20}, 200, at::kDouble);
  const Parameters best = {{"low", std::int64_t(100)}, {"high", std::int64_t(100)}};
  EXPECT_LT(largest_difference(augmented("jpeg", best, unmoved(grey)).pixels, grey), 1e-9);
  // A coefficient of 8·(x − 128): x + .25/8 lies a quarter above, and counts by its cube.
  const at::Tensor above = augmented("jpeg", best, unmoved(grey + .25 / 8)).pixels;
  EXPECT_LT(largest_difference(above, grey + .25 * .25 * .25 / 8), 1e-9);
}

}  // namespace
}  // namespace faceoff
