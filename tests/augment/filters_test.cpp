// Blur and resizing against OpenCV's, and gradient filters.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <numbers>

#include "augment/images.hpp"
#include "faces/faces.hpp"
#include "picture/degrade.hpp"
#include "picture/picture.hpp"

namespace faceoff {
namespace {

/// A face of 149 × 131 pixels, and what OpenCV makes of it.
Picture face() {
  Picture picture = read_picture(std::filesystem::path(FACEOFF_GOLDEN_FOLDER) / "faces" / "crop00_150.png");
  picture.rgb = picture.rgb(cv::Rect(0, 0, 149, 131)).clone();
  return picture;
}

at::Tensor degraded(const std::string& how) {
  Picture picture;
  picture.rgb = degrade(face(), parse_degradation(how));
  return to_tensor(picture, at::kDouble);
}

const double rounding = .51;  // to grey levels

TEST(Blur, IsOpenCvs) {
  const Images images = unmoved(to_tensor(face(), at::kDouble));
  for (const double sigma : {.6, 1., 2.5}) {
    const at::Tensor out = augmented("blur", {{"low", sigma}, {"high", sigma}}, images).pixels;
    // Its kernel is cut at another place, and rounded.
    EXPECT_LT(largest_difference(out, degraded("blur:" + std::to_string(sigma))), 2) << sigma;
    EXPECT_LT((out - degraded("blur:" + std::to_string(sigma))).abs().mean().item<double>(), rounding) << sigma;
  }
}

TEST(Blur, DrawsAWidthForEachImage) {
  at::Tensor spot = at::zeros({2000, 3, 15, 15}, at::kDouble);
  spot.select(2, 7).select(2, 7).fill_(100);
  const at::Tensor out = augmented("blur", {{"low", .5}, {"high", 1.5}}, unmoved(spot)).pixels;
  // exp(−d²/2σ²) at the distances 0 and 1.
  const at::Tensor middle = out.select(2, 7).select(1, 0), ratio = (middle.select(1, 7) / middle.select(1, 8)).log();
  expect_uniform((1 / (2 * ratio)).sqrt(), .5, 1.5);
  EXPECT_LT((out.sum({2, 3}) - 100).abs().max().item<double>(), 1e-9);
}

TEST(Blur, WiderThanAnImageIsItsMean) {
  const at::Tensor out = augmented("blur", {{"low", 50.}, {"high", 50.}}, unmoved(ramps(1, 4, 5))).pixels;
  EXPECT_LT((out.select(1, 0) - 2.5).abs().max().item<double>(), .5);
}

TEST(Resize, IsOpenCvsByAreas) {
  const Images images = unmoved(to_tensor(face(), at::kDouble));
  for (const double share : {.5, .77, .31}) {
    const Images out = augmented("resize", {{"low", share}, {"high", share}, {"enlarge", false}}, images);
    const at::Tensor expected = degraded("resize:" + std::to_string(share));
    EXPECT_LT(largest_difference(out.pixels, expected), rounding) << share;
    EXPECT_NEAR(out.map[0][0][0].item<double>(), static_cast<double>(expected.size(3)) / 149, 1e-12);
    EXPECT_NEAR(out.map[0][1][1].item<double>(), static_cast<double>(expected.size(2)) / 131, 1e-12);
    const Images back = augmented("resize", {{"low", share}, {"high", share}}, images);
    const at::Tensor larger = at::upsample_bilinear2d(out.pixels, {131, 149}, false);
    EXPECT_LT(largest_difference(back.pixels, larger), 1e-9) << share;
    EXPECT_TRUE(same_bits(back.map, images.map));
  }
}

TEST(Resize, DrawsASizeForEachImageOrOneOfAll) {
  // Of a black and white board, one and the same grey is left at half the size, and all of it at the whole.
  const at::Tensor board = ((at::arange(40, at::kLong).unsqueeze(1) + at::arange(40, at::kLong)) % 2).to(at::kDouble);
  const Images images = unmoved((255 * board).expand({60, 3, 40, 40}).contiguous());
  const at::Tensor out = augmented("resize", {}, images).pixels;
  const at::Tensor contrast = out.flatten(1).std(1);
  EXPECT_LT(contrast.min().item<double>(), 20);
  EXPECT_GT(contrast.max().item<double>(), 100);
  expect_in(error_of<ConfigError>([] { make<Augmentation>("resize", {{"enlarge", false}}); }), "several sizes");
}

TEST(ResizePad, EnlargesPadsAndShrinks) {
  const std::int64_t height = 40, width = 60;
  const Images white = unmoved(at::full({200, 3, height, width}, 255, at::kDouble));
  const Images out = augmented("resize_pad", {{"ratio", 1.5}}, white);
  const at::Tensor x = out.map.select(1, 0), y = out.map.select(1, 1);
  const at::Tensor share = x.select(1, 0);
  EXPECT_NEAR(share.min().item<double>(), 1 / 1.5, .01);
  EXPECT_NEAR(share.max().item<double>(), 1, .02);
  EXPECT_LT(largest_difference(share, y.select(1, 1)), .5 / height);
  EXPECT_EQ(x.select(1, 1).abs().max().item<double>(), 0);
  for (const auto& [shift, side] : {std::pair(x.select(1, 2), width), std::pair(y.select(1, 2), height)}) {
    EXPECT_EQ(shift.min().item<double>(), 0);
    EXPECT_GT(shift.max().item<double>(), .2 * static_cast<double>(side));
    EXPECT_LE((shift + share * side).max().item<double>(), static_cast<double>(side) + .6);
  }
  // What is white is what the map says, and the rest is black; the border between them is blended.
  const at::Tensor expected = share * y.select(1, 1) * width * height;
  EXPECT_LT(((out.pixels.sum({1, 2, 3}) / (3 * 255.) - expected).abs() / expected).max().item<double>(), .03);
  const Images images = unmoved(noise({2, 3, 30, 31}, 0, 255, 1));
  EXPECT_LT(largest_difference(augmented("resize_pad", {{"ratio", 1.}}, images).pixels, images.pixels), 1e-9);
}

/// The gradient that arrives at the picture for one that is given.
at::Tensor filtered(const std::string& name, const Parameters& parameters, const at::Tensor& gradient) {
  const at::Tensor pixels = noise(gradient.sizes(), 0, 255, 2, gradient.scalar_type()).requires_grad_(true);
  const at::Tensor out = augmented(name, parameters, unmoved(pixels)).pixels;
  EXPECT_TRUE(same_bits(out.detach(), pixels.detach()));
  return torch::autograd::grad({out}, {pixels}, {gradient}).front();
}

TEST(LowPass, KeepsTheLowestFrequenciesAlone) {
  const std::int64_t height = 24, width = 40;
  const auto wave = [&](std::int64_t down, std::int64_t across) {
    const auto line = [](std::int64_t side, std::int64_t k) {
      return ((at::arange(side, at::kDouble) + .5) *
              (std::numbers::pi * static_cast<double>(k) / static_cast<double>(side)))
          .cos();
    };
    return at::outer(line(height, down), line(width, across)).expand({2, 3, height, width}).contiguous();
  };
  const Parameters quarter = {{"share", .25}};  // of 24 the first 6, of 40 the first 10
  for (const auto& [down, across] : {std::pair(0, 0), std::pair(5, 9), std::pair(5, 0), std::pair(0, 9)}) {
    EXPECT_LT(largest_difference(filtered("low_pass", quarter, wave(down, across)), wave(down, across)), 1e-12);
  }
  for (const auto& [down, across] : {std::pair(6, 0), std::pair(0, 10), std::pair(23, 39)}) {
    EXPECT_LT(filtered("low_pass", quarter, wave(down, across)).abs().max().item<double>(), 1e-12);
  }
  const at::Tensor odd = noise({3, 3, 23, 41}, -1, 1, 3, at::kFloat);
  for (std::int64_t r = 0; r < 3; ++r)
    EXPECT_TRUE(
        same_bits(filtered("low_pass", quarter, odd.narrow(0, r, 1))[0], filtered("low_pass", quarter, odd)[r]));
  const at::Tensor any = noise({2, 3, height, width}, -1, 1, 3);
  const at::Tensor once = filtered("low_pass", quarter, any);
  EXPECT_LT(largest_difference(filtered("low_pass", quarter, once), once), 1e-12);  // a projection
  EXPECT_LT(largest_difference(filtered("low_pass", {{"share", 1.}}, any), any), 1e-12);
}

}  // namespace
}  // namespace faceoff
