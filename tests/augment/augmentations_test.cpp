// What every augmentation of the tree promises, beyond what tests/contract asks.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <set>

#include "augment/images.hpp"
#include "gradients.hpp"

namespace faceoff {
namespace {

std::vector<std::string> all_augmentations() {
  std::vector<std::string> names;
  for (const PluginInfo* plugin : tree_plugins().all()) {
    if (plugin->kind == Kind::augmentation) names.push_back(plugin->name);
  }
  return names;
}

/// Images of the type, with what the augmentation wants beside them.
Images given_to(const Augmentation& augmentation, const Images& images, at::ScalarType dtype) {
  Images all = images;
  all.pixels = images.pixels.to(dtype);
  if (const std::int64_t people = augmentation.partners(); people > 0) {
    const auto shape = images.pixels.sizes();
    all.partners = noise({shape[0], people, shape[1], shape[2], shape[3]}, 0, 255, 8, dtype);
  }
  return all;
}

Images row(const Images& images, std::int64_t r) {
  const auto one = [&](const at::Tensor& t) { return t.defined() ? t.narrow(0, r, 1) : t; };
  return {one(images.pixels), one(images.map), one(images.landmarks), one(images.partners)};
}

bool same(const at::Tensor& a, const at::Tensor& b) {
  return a.defined() == b.defined() && (!a.defined() || same_bits(a, b));
}

TEST(Augmentations, GiveTheSameBitsAgainAndForARowAlone) {
  for (const std::string& name : all_augmentations()) {
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
      const auto augmentation = make<Augmentation>(name, {}, dtype);
      Images photos = marked(3, 61, 83);
      photos.pixels = noise({3, 3, 61, 83}, 0, 255, 4);
      const Images images = given_to(*augmentation, photos, dtype);
      Random random = random_rows(3, 3, dtype), again = random_rows(3, 3, dtype);
      const Images out = (*augmentation)(images, random);
      ASSERT_EQ(out.pixels.scalar_type(), dtype) << name;
      const std::int64_t copies = out.pixels.size(0) / 3;
      const Images repeats = (*augmentation)(images, again);
      EXPECT_TRUE(same(out.pixels, repeats.pixels) && same(out.map, repeats.map)) << name;
      for (std::int64_t r = 0; r < 3; ++r) {
        Random alone(3, {100 + static_cast<std::uint64_t>(r)}, at::TensorOptions(dtype));
        const Images one = (*augmentation)(row(images, r), alone);
        const auto own = [&](const at::Tensor& t) { return t.defined() ? t.narrow(0, r * copies, copies) : t; };
        EXPECT_TRUE(same(one.pixels, own(out.pixels))) << name << ", row " << r;
        EXPECT_TRUE(same(one.map, own(out.map)) && same(one.landmarks, own(out.landmarks))) << name << ", row " << r;
        EXPECT_FALSE(one.pixels.requires_grad()) << name;
      }
    }
  }
}

TEST(Augmentations, TakePixelsAsTheyLieInMemory) {
  for (const std::string& name : all_augmentations()) {
    const auto augmentation = make<Augmentation>(name, {}, at::kDouble);
    const at::Tensor larger = noise({2, 3, 50, 60}, 0, 255, 4);
    Images images = given_to(*augmentation, unmoved(larger.narrow(2, 3, 33).narrow(3, 5, 47)), at::kDouble);
    Random first = random_rows(2), second = random_rows(2), third = random_rows(2);
    const at::Tensor part = (*augmentation)(images, first).pixels;
    images.pixels = images.pixels.contiguous();
    const at::Tensor out = (*augmentation)(images, second).pixels;
    images.pixels = images.pixels.contiguous(at::MemoryFormat::ChannelsLast);
    EXPECT_LT(largest_difference(part, out), 1e-9) << name;
    EXPECT_LT(largest_difference((*augmentation)(images, third).pixels, out), 1e-9) << name;
  }
}

TEST(Augmentations, DrawAnewForAnotherSeed) {
  const std::set<std::string> the_same_always = {"admix", "low_pass", "scale_copies", "translation_invariant"};
  for (const std::string& name : all_augmentations()) {
    const auto augmentation = make<Augmentation>(name, {}, at::kDouble);
    const Images images = given_to(*augmentation, unmoved(noise({2, 3, 40, 50}, 0, 255, 4)), at::kDouble);
    Random random = random_rows(2), other = random_rows(2, 4);
    const bool equal = same_bits((*augmentation)(images, random).pixels, (*augmentation)(images, other).pixels);
    EXPECT_EQ(equal, the_same_always.contains(name)) << name;
  }
}

TEST(Augmentations, AddTheirMapToTheOneThatIsThereAndHaveNoneOfNone) {
  for (const std::string& name : all_augmentations()) {
    const auto augmentation = make<Augmentation>(name, {}, at::kDouble);
    Images images = given_to(*augmentation, marked(2), at::kDouble);
    Random first = random_rows(2), second = random_rows(2), third = random_rows(2);
    const at::Tensor own = (*augmentation)(images, first).map;
    EXPECT_EQ(own.defined(), name != "block_shuffle") << name;
    if (!own.defined()) continue;
    images.map = noise({2, 2, 3}, -2, 2, 9);
    const at::Tensor before = images.map.repeat_interleave(own.size(0) / 2, 0);
    EXPECT_LT(largest_difference((*augmentation)(images, second).map, compose(own, before)), 1e-12) << name;
    images.map = images.landmarks = at::Tensor();
    const Images out = (*augmentation)(images, third);
    EXPECT_FALSE(out.map.defined()) << name;
    EXPECT_FALSE(out.landmarks.defined()) << name;
  }
}

TEST(Augmentations, MoveTheMapAndTheLandmarksWithThePixels) {
  const Images images = marked(4);
  const Parameters smaller = {{"low", .7}, {"high", .7}, {"enlarge", false}};
  for (const auto& [name, parameters] : std::vector<std::pair<std::string, Parameters>>{{"affine", {}},
                                                                                        {"blur", {}},
                                                                                        {"random_scale", {}},
                                                                                        {"random_crop", {}},
                                                                                        {"resize", {}},
                                                                                        {"resize", smaller},
                                                                                        {"resize_pad", {}}}) {
    const auto augmentation = make<Augmentation>(name, parameters, at::kDouble);
    Random random = random_rows(4);
    for (std::int64_t step = 0; step < 10; ++step) {
      random.start_step(step);
      const Images out = (*augmentation)(images, random);
      // Light that was not cut off lies where the map says; nearest shrinking may miss by up to a pixel.
      const double tolerance = name == "random_scale" ? 1 : .1;
      EXPECT_LT(largest_difference(centres(out.pixels), apply_map(out.map, centres(images.pixels))), tolerance) << name;
      EXPECT_LT(largest_difference(out.landmarks, apply_map(out.map, images.landmarks)), 1e-9) << name;
    }
  }
}

TEST(Augmentations, HaveTheGradientThatCentralDifferencesGive) {
  const std::vector<std::pair<std::string, Parameters>> others = {
      {"affine", {{"padding", std::string("border")}}},
      {"affine", {{"padding", std::string("reflection")}}},
      {"block_shuffle", {{"copies", std::int64_t(2)}}},
      {"colour", {{"gamma", .5}}},
      {"cutout", {{"place", std::string("landmarks")}, {"squares", std::int64_t(2)}}},
      {"jpeg", {{"subsampling", std::string("4:4:4")}}},
      {"jpeg", {{"low", std::int64_t(5)}, {"high", std::int64_t(5)}}},
      {"resize", {{"low", .6}, {"high", .6}, {"enlarge", false}}},
      {"spectrum", {{"copies", std::int64_t(2)}}}};
  std::vector<std::pair<std::string, Parameters>> all = others;
  for (const std::string& name : all_augmentations()) {
    // Filters of the gradient are not the gradient of their pixels: see filters_test.cpp.
    if (name != "translation_invariant" && name != "low_pass") all.emplace_back(name, Parameters{});
  }
  for (const auto& [name, parameters] : all) {
    const auto augmentation = make<Augmentation>(name, parameters, at::kDouble);
    Images images = given_to(*augmentation, marked(2, 37, 44), at::kDouble);
    const at::Tensor at_place = noise({2, 3, 37, 44}, 20, 235, 6);
    at::Tensor weights;
    const auto value = [&](const at::Tensor& pixels) {
      images.pixels = pixels;
      Random random = random_rows(2);
      const at::Tensor out = (*augmentation)(images, random).pixels;
      if (!weights.defined()) weights = noise(out.sizes(), -1, 1, 7);
      return (out * weights).sum();
    };
    const at::Tensor pixels = at_place.clone().requires_grad_(true);
    const at::Tensor gradient = torch::autograd::grad({value(pixels)}, {pixels}).front();
    SCOPED_TRACE(name);
    expect_true_gradient([&](const at::Tensor& x) { return value(x).item<double>(); }, at_place, gradient, 1e-3);
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
  for (const std::string name : {"random_scale", "random_crop", "resize"}) {
    expect_in(error_of<ConfigError>([&] { make<Augmentation>(name, {{"low", .9}, {"high", .8}}); }), "above high");
  }
  expect_in(error_of<ConfigError>([&] { make<Augmentation>("blur", {{"low", 9.}}); }), "above high");
  expect_in(error_of<ConfigError>([&] { make<Augmentation>("jpeg", {{"low", std::int64_t(99)}}); }), "above high");
}

}  // namespace
}  // namespace faceoff
