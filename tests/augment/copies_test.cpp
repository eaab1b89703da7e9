// What makes copies of images: scales, spectra, shuffled blocks; and cut-out squares.
#include <ATen/ATen.h>

#include <numbers>

#include "augment/images.hpp"

namespace faceoff {
namespace {

TEST(ScaleCopies, AreHalvedOneAfterTheOther) {
  Images images = marked(2);
  images.map = noise({2, 2, 3}, -2, 2, 9);
  const Images out = augmented("scale_copies", {{"copies", std::int64_t(3)}}, images);
  const at::Tensor weights = at::tensor({1., .5, .25}, at::kDouble).repeat(2).view({6, 1, 1, 1});
  EXPECT_LT(largest_difference(out.pixels, weights * images.pixels.repeat_interleave(3, 0)), 1e-12);
  EXPECT_TRUE(same_bits(out.map, images.map.repeat_interleave(3, 0)));
  EXPECT_TRUE(same_bits(out.landmarks, images.landmarks.repeat_interleave(3, 0)));
}

TEST(Admix, AddsEachPersonToACopyAtEachScale) {
  Images images = marked(2, 40, 40);
  images.partners = noise({2, 3, 3, 40, 40}, 0, 255, 1);
  const Images out = augmented("admix", {{"scales", std::int64_t(2)}}, images);
  ASSERT_EQ(out.pixels.size(0), 12);
  for (std::int64_t r = 0; r < 2; ++r) {
    for (std::int64_t person = 0; person < 3; ++person) {
      const at::Tensor mixed = images.pixels[r] + .2 * images.partners[r][person];
      EXPECT_LT(largest_difference(out.pixels[6 * r + 2 * person], mixed), 1e-12);
      EXPECT_LT(largest_difference(out.pixels[6 * r + 2 * person + 1], mixed / 2), 1e-12);
    }
  }
  EXPECT_TRUE(same_bits(out.landmarks, images.landmarks.repeat_interleave(6, 0)));
}

TEST(Spectrum, WithoutNoiseAndWeightsIsTheImageItself) {
  const Images images = unmoved(noise({2, 3, 23, 32}, 0, 255, 1));
  const Images out = augmented("spectrum", {{"copies", std::int64_t(3)}, {"rho", 0.}, {"sigma", 0.}}, images);
  EXPECT_LT(largest_difference(out.pixels, images.pixels.repeat_interleave(3, 0)), 1e-9);
}

TEST(Spectrum, WeighsEachFrequencyByItself) {
  // A wave of one frequency keeps its form: what comes of it is its weight.
  const std::int64_t side = 16;
  const at::Tensor line = ((at::arange(side, at::kDouble) + .5) * (std::numbers::pi * 3 / side)).cos();
  const at::Tensor wave = at::outer(line, line);
  const Images images = unmoved((128 * wave).expand({1000, 3, side, side}).contiguous());
  const at::Tensor out = augmented("spectrum", {{"sigma", 0.}}, images).pixels / 128;
  const at::Tensor weight = (out * wave).sum({2, 3}) / wave.square().sum();  // [R,3]
  EXPECT_LT(largest_difference(out, weight.view({-1, 3, 1, 1}) * wave), 1e-9);
  expect_uniform(weight, .5, 1.5);
  EXPECT_GT((weight.select(1, 0) - weight.select(1, 1)).abs().mean().item<double>(), .2);  // each channel its own
}

TEST(Spectrum, AddsNoiseBeforeIt) {
  const Images images = unmoved(at::zeros({20, 3, 32, 32}, at::kDouble));
  const at::Tensor out = augmented("spectrum", {{"rho", 0.}}, images).pixels;
  EXPECT_NEAR(out.mean().item<double>(), 0, .3);
  EXPECT_NEAR(out.std().item<double>(), 16, .3);
  // Independent weights of mean 1 add their own variance to that of white noise: 1/12 of it.
  const at::Tensor weighted = augmented("spectrum", {}, images).pixels;
  EXPECT_NEAR(weighted.var().item<double>() / out.var().item<double>(), 1 + 1. / 12, .03);
}

TEST(BlockShuffle, OfOneBlockTurnsTheImageAboutItsMiddle) {
  const std::int64_t rows = 400, side = 31, middle = 15;
  at::Tensor pixels = at::zeros({rows, 3, side, side}, at::kDouble);
  pixels.select(2, middle).select(2, middle + 10).fill_(255);  // a spot 10 to the right of the middle
  const Parameters one = {{"blocks", std::int64_t(1)}};
  const Images out = augmented("block_shuffle", one, unmoved(pixels));
  EXPECT_FALSE(out.map.defined());
  const at::Tensor spot = centres(out.pixels).squeeze(1) - (middle + .5);
  const at::Tensor angle = at::atan2(spot.select(1, 1), spot.select(1, 0)) * (180 / std::numbers::pi);
  EXPECT_NEAR(angle.abs().max().item<double>(), 24, 1.5);
  EXPECT_NEAR(angle.mean().item<double>(), 0, 3);
  EXPECT_LT((spot.norm(2, 1) - 10).abs().max().item<double>(), .5);
  const Images still = unmoved(noise({2, 3, 20, 30}, 0, 255, 1));
  Parameters unturned = one;
  unturned.emplace_back("rotation", 0.);
  EXPECT_LT(largest_difference(augmented("block_shuffle", unturned, still).pixels, still.pixels), 1e-9);
}

TEST(BlockShuffle, WithoutRotationMovesEachPixelToOnePlaceBlockByBlock) {
  const std::int64_t rows = 50, height = 40, width = 60;
  const at::Tensor from = ramps(rows, height, width);
  const Parameters unturned = {{"rotation", 0.}, {"copies", std::int64_t(2)}};
  const at::Tensor out = augmented("block_shuffle", unturned, unmoved(from)).pixels;
  ASSERT_EQ(out.size(0), 2 * rows);
  // Each place is somebody's once.
  const at::Tensor number = out.select(1, 0) - .5 + (out.select(1, 1) - .5) * width;
  const at::Tensor sorted = std::get<0>(number.flatten(1).sort(1));
  EXPECT_LT(largest_difference(sorted, at::arange(height * width, at::kDouble).expand_as(sorted)), 1e-6);
  // Rows of pixels stay rows, of which three strips change places: at most two cuts that were not there before.
  const at::Tensor lines = out.select(1, 1);  // [2R,H,W], where each comes from
  EXPECT_LT((lines.amax(2) - lines.amin(2)).max().item<double>(), 1e-6);
  const auto cuts = [](const at::Tensor& places) {
    const at::Tensor steps = places.slice(-1, 1) - places.slice(-1, 0, -1);
    return ((steps - 1).abs() > .5).sum(-1);
  };
  const at::Tensor down = cuts(lines.select(2, 0)), across = cuts(out.select(1, 0));
  EXPECT_EQ(down.max().item<std::int64_t>(), 2);
  EXPECT_EQ(across.max().item<std::int64_t>(), 2);
  EXPECT_GT(across.to(at::kDouble).mean().item<double>(), 1);
  // Copies are shuffled each on their own.
  const at::Tensor pairs = out.unflatten(0, {rows, 2});
  EXPECT_GT((pairs.select(1, 0) != pairs.select(1, 1)).flatten(1).any(1).sum().item<std::int64_t>(), rows - 5);
}

TEST(Cutout, CoversASquareWithItsMiddleAnywhere) {
  const std::int64_t rows = 3000, height = 50, width = 100;
  const Images white = unmoved(at::full({rows, 3, height, width}, 200, at::kDouble));
  const Parameters tenth = {{"side", .1}, {"fill", 30.}};
  const at::Tensor out = augmented("cutout", tenth, white).pixels;
  const at::Tensor covered = (out == 30).to(at::kDouble);
  EXPECT_TRUE(((out == 30) | (out == 200)).all().item<bool>());
  EXPECT_LT(largest_difference(covered.select(1, 0), covered.select(1, 2)), 1e-12);
  const at::Tensor share = covered.select(1, 0).mean(0);  // how often each pixel is covered
  // A square of 10 about a middle anywhere covers a pixel well inside with probability 100 / area.
  EXPECT_NEAR(share.narrow(0, 10, 30).narrow(1, 10, 80).mean().item<double>(), 100. / (height * width), .002);
  const at::Tensor across = covered.select(1, 0).amax(1).sum(1), down = covered.select(1, 0).amax(2).sum(1);
  EXPECT_EQ(across.max().item<double>(), 10);
  EXPECT_EQ(down.max().item<double>(), 10);
}

TEST(Cutout, HasALandmarkInItsMiddle) {
  Images images = unmoved(at::full({1, 3, 40, 40}, 200, at::kDouble));
  images.landmarks = at::tensor({20.5, 12.5}, at::kDouble).view({1, 1, 2});
  const Parameters one = {{"place", std::string("landmarks")}, {"side", .1}};
  const at::Tensor covered = (augmented("cutout", one, images).pixels == 0).to(at::kDouble);
  EXPECT_LT(largest_difference(centres(covered), images.landmarks), 1e-9);
}

TEST(Cutout, CoversSomeOfTheLandmarks) {
  const std::int64_t rows = 300;
  Images images = unmoved(at::full({rows, 3, 80, 100}, 200, at::kDouble));
  // 68 points in a grid, far enough from one another that each has a square of its own.
  const at::Tensor index = at::arange(68, at::kDouble);
  const at::Tensor points = at::stack({5.5 + 10 * (index % 9), 5.5 + 9 * (index / 9).floor()}, 1);
  images.landmarks = points.expand({rows, 68, 2}).contiguous();
  const Parameters some = {{"place", std::string("landmarks")}, {"squares", std::int64_t(4)}, {"side", .05}};
  const auto covered_points = [&](const Images& out) {
    const at::Tensor place = points.to(at::kLong);
    return (out.pixels.select(1, 0).index({at::Tensor(), place.select(1, 1), place.select(1, 0)}) == 0).to(at::kDouble);
  };
  const Images out = augmented("cutout", some, images);
  const at::Tensor covered = covered_points(out);  // [R,68]
  EXPECT_EQ(covered.sum(1).min().item<double>(), 4);
  EXPECT_EQ(covered.sum(1).max().item<double>(), 4);
  EXPECT_EQ(covered.narrow(1, 0, 17).sum().item<double>(), 0) << "the jaw's";
  EXPECT_GT(covered.narrow(1, 17, 51).sum(0).min().item<double>(), 5) << "each of the others";
  EXPECT_EQ((out.pixels.select(1, 0) == 0).sum({1, 2}).max().item<std::int64_t>(), 4 * 25);
  EXPECT_TRUE(same_bits(out.landmarks, images.landmarks));
  // Five points are all taken; without any, squares lie anywhere.
  images.landmarks = points.narrow(0, 0, 5).expand({rows, 5, 2}).contiguous();
  const Parameters more = {{"place", std::string("landmarks")}, {"squares", std::int64_t(9)}, {"side", .05}};
  EXPECT_EQ(covered_points(augmented("cutout", more, images)).narrow(1, 0, 5).sum().item<double>(), 5. * rows);
  images.landmarks = at::Tensor();
  const at::Tensor anywhere = augmented("cutout", some, images).pixels;
  EXPECT_TRUE(same_bits(anywhere, augmented("cutout", {{"squares", std::int64_t(4)}, {"side", .05}}, images).pixels));
}

}  // namespace
}  // namespace faceoff
