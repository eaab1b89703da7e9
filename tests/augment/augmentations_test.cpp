#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <set>

#include "support.hpp"

namespace faceoff {
namespace {

/// Black images with a bright square each, and a landmark in its middle.
Images marked(std::int64_t rows, std::int64_t height = 60, std::int64_t width = 80) {
  at::Tensor pixels = at::zeros({rows, 3, height, width}, at::kDouble);
  std::vector<double> middles;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t top = 20 + 3 * r, left = 24 + 4 * r;
    pixels[r].narrow(1, top, 10).narrow(2, left, 10).fill_(200);
    middles.insert(middles.end(), {static_cast<double>(left) + 5, static_cast<double>(top) + 5});
  }
  const at::Tensor map = at::eye(2, 3, at::kDouble).unsqueeze(0).repeat({rows, 1, 1});
  return {pixels, map, at::tensor(middles, at::kDouble).view({rows, 1, 2})};
}

/// Where the light of each image is: [R,1,2], x and y.
at::Tensor centres(const at::Tensor& pixels) {
  const at::Tensor light = pixels.mean(1), total = light.sum({1, 2});
  const at::Tensor xs = at::arange(pixels.size(3), at::kDouble) + .5, ys = at::arange(pixels.size(2), at::kDouble) + .5;
  return at::stack({(light.sum(1) * xs).sum(1) / total, (light.sum(2) * ys).sum(1) / total}, 1).unsqueeze(1);
}

Random random_rows(std::int64_t rows, std::uint64_t seed = 3) {
  std::vector<std::uint64_t> keys;
  for (std::int64_t r = 0; r < rows; ++r) keys.push_back(100 + static_cast<std::uint64_t>(r));
  return {seed, keys, at::TensorOptions(at::kDouble)};
}

const std::vector<std::string> all_augmentations = {"random_scale", "random_crop", "uniform_noise"};

TEST(Augmentations, KeepTheShapeAndMoveTheMapAndTheLandmarksWithThePixels) {
  const Images images = marked(4);
  for (const std::string& name : all_augmentations) {
    const auto augmentation = make<Augmentation>(name, {}, at::kDouble);
    Random random = random_rows(4);
    for (std::int64_t step = 0; step < 10; ++step) {
      random.start_step(step);
      const Images out = (*augmentation)(images, random);
      ASSERT_EQ(out.pixels.sizes(), images.pixels.sizes()) << name;
      ASSERT_EQ(out.map.sizes(), images.map.sizes()) << name;
      EXPECT_EQ(out.pixels.scalar_type(), at::kDouble) << name;
      // Light that was not cut off lies where the map says; nearest shrinking may miss by up to a pixel.
      const double tolerance = name == "random_scale" ? 1 : .05;
      const at::Tensor light = name == "uniform_noise" ? images.pixels : out.pixels;
      EXPECT_LT(largest_difference(centres(light), apply_map(out.map, centres(images.pixels))), tolerance) << name;
      EXPECT_LT(largest_difference(out.landmarks, apply_map(out.map, images.landmarks)), 1e-9) << name;
    }
  }
}

TEST(Augmentations, AddTheirMapToTheOneThatIsThere) {
  for (const std::string& name : all_augmentations) {
    const auto augmentation = make<Augmentation>(name, {}, at::kDouble);
    Images images = marked(2);
    Random first = random_rows(2), second = random_rows(2);
    const at::Tensor own = (*augmentation)(images, first).map;
    images.map = noise({2, 2, 3}, -2, 2, 9);
    EXPECT_LT(largest_difference((*augmentation)(images, second).map, compose(own, images.map)), 1e-12) << name;
  }
}

TEST(Augmentations, GiveTheSameBitsAgainAndTreatARowOnItsOwn) {
  const Images images = marked(3);
  for (const std::string& name : all_augmentations) {
    const auto augmentation = make<Augmentation>(name, {}, at::kDouble);
    Random random = random_rows(3), again = random_rows(3), other = random_rows(3, 4);
    const Images out = (*augmentation)(images, random), same = (*augmentation)(images, again);
    EXPECT_TRUE(same_bits(out.pixels, same.pixels)) << name;
    EXPECT_TRUE(same_bits(out.map, same.map)) << name;
    EXPECT_FALSE(same_bits(out.pixels, (*augmentation)(images, other).pixels)) << name;
    Random alone(3, {101}, at::TensorOptions(at::kDouble));
    const Images second = (*augmentation)(
        {images.pixels.narrow(0, 1, 1), images.map.narrow(0, 1, 1), images.landmarks.narrow(0, 1, 1)}, alone);
    EXPECT_TRUE(same_bits(second.pixels[0], out.pixels[1])) << name;
    EXPECT_TRUE(same_bits(second.map[0], out.map[1])) << name;
    EXPECT_TRUE(same_bits(second.landmarks[0], out.landmarks[1])) << name;
    EXPECT_FALSE(second.pixels.requires_grad());
  }
}

TEST(Augmentations, WorkWithoutLandmarks) {
  for (const std::string& name : all_augmentations) {
    Images images = marked(2);
    images.landmarks = at::Tensor();
    Random random = random_rows(2);
    EXPECT_FALSE((*make<Augmentation>(name, {}, at::kDouble))(images, random).landmarks.defined()) << name;
  }
}

TEST(Augmentations, LetTheGradientReachTheInput) {
  for (const std::string& name : all_augmentations) {
    const auto augmentation = make<Augmentation>(name, {}, at::kDouble);
    Images images = marked(2);
    const at::Tensor pixels = images.pixels.clone().requires_grad_(true);
    images.pixels = pixels;
    Random random = random_rows(2);
    const at::Tensor out = (*augmentation)(images, random).pixels;
    const at::Tensor weights = noise(out.sizes(), .5, 1.5, 4);
    const at::Tensor gradient = torch::autograd::grad({(out * weights).sum()}, {pixels}).front();
    // They are linear up to the noise, so that the gradient gives the very change of any input.
    const at::Tensor change = noise(pixels.sizes(), -5, 5, 5);
    images.pixels = pixels.detach() + change;
    Random again = random_rows(2);
    const double difference = (((*augmentation)(images, again).pixels - out) * weights).sum().item<double>();
    EXPECT_NEAR((gradient * change).sum().item<double>(), difference, 1e-8 * std::abs(difference)) << name;
  }
}

TEST(RandomScale, ShrinksToItsRangeAndPadsWithZeros) {
  const auto augmentation = make<Augmentation>("random_scale", {{"low", .5}, {"high", .75}}, at::kDouble);
  Images images = marked(2, 160, 160);
  images.pixels = noise({2, 3, 160, 160}, 1, 255, 7);
  Random random = random_rows(2);
  std::set<std::pair<double, double>> places;
  for (std::int64_t step = 0; step < 20; ++step) {
    random.start_step(step);
    const Images out = (*augmentation)(images, random);
    for (std::int64_t r = 0; r < 2; ++r) {
      const double scale = out.map[r][0][0].item<double>();
      EXPECT_GE(scale, .5 - .5 / 160);
      EXPECT_LE(scale, .75 + .5 / 160);
      const at::Tensor kept = (out.pixels[r].sum(0) > 0).to(at::kDouble);
      EXPECT_NEAR(kept.sum().item<double>(), std::pow(scale * 160, 2), 1e-6);
      // Nearest: every value that is there is one of the input's.
      EXPECT_LE(out.pixels[r].max().item<double>(), images.pixels[r].max().item<double>());
      const at::Tensor values = out.pixels[r].masked_select(out.pixels[r] > 0);
      EXPECT_TRUE(at::isin(values, images.pixels[r]).all().item<bool>());
      places.emplace(out.map[r][0][2].item<double>(), out.map[r][1][2].item<double>());
    }
  }
  EXPECT_GT(places.size(), 30U);
}

TEST(RandomScale, OfTheWholeSideChangesNothing) {
  const auto augmentation = make<Augmentation>("random_scale", {{"low", 1.}, {"high", 1.}}, at::kDouble);
  const Images images = marked(2);
  Random random = random_rows(2);
  const Images out = (*augmentation)(images, random);
  EXPECT_TRUE(same_bits(out.pixels, images.pixels));
  EXPECT_TRUE(same_bits(out.map, images.map));
}

TEST(RandomCrop, EnlargesAPartOfItsRange) {
  const auto augmentation = make<Augmentation>("random_crop", {{"low", .5}, {"high", .75}}, at::kDouble);
  Images images = marked(2, 160, 160);
  const at::Tensor xs = (at::arange(160, at::kDouble) + .5).expand({2, 3, 160, 160});
  images.pixels = xs;
  Random random = random_rows(2);
  for (std::int64_t step = 0; step < 20; ++step) {
    random.start_step(step);
    const Images out = (*augmentation)(images, random);
    for (std::int64_t r = 0; r < 2; ++r) {
      const double scale = out.map[r][0][0].item<double>(), shift = out.map[r][0][2].item<double>();
      EXPECT_GE(1 / scale, .5 - .5 / 160);
      EXPECT_LE(1 / scale, .75 + .5 / 160);
      // Bilinear on a ramp: each pixel's value is the place that it is taken from, up to the part's border.
      const at::Tensor from = (xs[0][0][0] - shift) / scale;
      EXPECT_LT(largest_difference(out.pixels[r][0][80].narrow(0, 2, 156), from.narrow(0, 2, 156)), 1e-9);
      EXPECT_GE(from.min().item<double>(), 0);
      EXPECT_LE(from.max().item<double>(), 160);
    }
  }
}

TEST(UniformNoise, AddsNoiseOfItsAmplitudeToEveryValue) {
  const auto augmentation = make<Augmentation>("uniform_noise", {{"amplitude", 4.}}, at::kDouble);
  const Images images = marked(2);
  Random random = random_rows(2);
  const Images out = (*augmentation)(images, random);
  const at::Tensor added = out.pixels - images.pixels;
  EXPECT_LE(added.abs().max().item<double>(), 4);
  EXPECT_GT(added.max().item<double>(), 3.9);
  EXPECT_LT(added.min().item<double>(), -3.9);
  EXPECT_NEAR(added.mean().item<double>(), 0, .1);
  EXPECT_GT((added.select(1, 0) - added.select(1, 1)).abs().max().item<double>(), 1);  // each channel its own
  EXPECT_TRUE(same_bits(out.map, images.map));
}

TEST(Augmentations, RefuseARangeThatIsTurnedRound) {
  for (const std::string name : {"random_scale", "random_crop"}) {
    expect_in(error_of<ConfigError>([&] { make<Augmentation>(name, {{"low", .9}, {"high", .8}}); }), "above high");
  }
}

}  // namespace
}  // namespace faceoff
