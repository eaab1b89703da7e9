#include <ATen/ATen.h>

#include <cmath>

#include "augment/images.hpp"

namespace faceoff {
namespace {

const Parameters still = {{"rotation", 0.}, {"scale", 0.}, {"shift", 0.}, {"mirror", 0.}};

Parameters but(Parameters changes) {
  changes.insert(changes.begin(), still.begin(), still.end());
  return changes;
}

TEST(Affine, TakesEachPixelFromWhereItsMapSays) {
  const std::int64_t rows = 20, height = 60, width = 80;
  const at::Tensor from = ramps(rows, height, width);
  const Images out = augmented("affine", {{"padding", std::string("border")}}, unmoved(from));
  // Bilinear sampling gives a ramp its own value: the place, which the map has to bring to the pixel.
  const at::Tensor places = out.pixels.narrow(1, 0, 2).permute({0, 2, 3, 1});  // [R,H,W,2]
  const at::Tensor arrived = apply_map(out.map, places.flatten(1, 2)).view(places.sizes());
  const at::Tensor pixels = from.narrow(1, 0, 2).permute({0, 2, 3, 1});
  const at::Tensor x = places.select(3, 0), y = places.select(3, 1);
  const at::Tensor inside = (x > 1) & (x < width - 1) & (y > 1) & (y < height - 1);
  EXPECT_GT(inside.to(at::kDouble).mean().item<double>(), .7);
  const at::Tensor known = inside.unsqueeze(3).expand_as(places);
  EXPECT_LT(largest_difference(arrived.masked_select(known), pixels.masked_select(known)), 1e-9);
}

TEST(Affine, DrawsWhatItsParametersSay) {
  const std::int64_t rows = 4000;
  const double width = 8, height = 6;
  const at::Tensor map = augmented("affine", {}, unmoved(at::zeros({rows, 3, 6, 8}, at::kDouble))).map;
  const at::Tensor a = map.select(1, 0).select(1, 0), b = map.select(1, 1).select(1, 0);
  const at::Tensor c = map.select(1, 0).select(1, 1), d = map.select(1, 1).select(1, 1);
  expect_uniform(at::atan2(-c, d), -.2, .2);
  expect_uniform((a * d - b * c).abs().log() / 2, -.18, .18);
  const at::Tensor mirrored = (a * d - b * c < 0).to(at::kDouble);
  EXPECT_NEAR(mirrored.mean().item<double>(), .5, .04);
  // Angles and scales alone: what is left is no stretch.
  EXPECT_LT(largest_difference(a.square() + b.square(), c.square() + d.square()), 1e-12);
  EXPECT_LT((a * c + b * d).abs().max().item<double>(), 1e-12);
  const at::Tensor middle = at::tensor({width / 2, height / 2}, at::kDouble).expand({rows, 1, 2});
  const at::Tensor shift = apply_map(map, middle) - middle;
  expect_uniform(shift.select(2, 0), -.05 * width, .05 * width);
  expect_uniform(shift.select(2, 1), -.05 * height, .05 * height);
}

TEST(Affine, MirrorsLeftAndRight) {
  const Images images = marked(3);
  const Images out = augmented("affine", but({{"mirror", 1.}}), images);
  EXPECT_LT(largest_difference(out.pixels, images.pixels.flip(3)), 1e-9);
  const at::Tensor mirror = at::tensor({-1., 0., 80., 0., 1., 0.}, at::kDouble).view({1, 2, 3}).expand({3, 2, 3});
  EXPECT_LT(largest_difference(out.map, mirror), 1e-12);
  EXPECT_LT(largest_difference(out.landmarks.select(2, 0), 80 - images.landmarks.select(2, 0)), 1e-9);
}

TEST(Affine, WithNothingToDrawChangesNothing) {
  const Images images = unmoved(noise({2, 3, 31, 47}, 0, 255, 1));
  const Images out = augmented("affine", still, images);
  EXPECT_LT(largest_difference(out.pixels, images.pixels), 1e-9);
  EXPECT_LT(largest_difference(out.map, images.map), 1e-12);
}

TEST(Affine, FillsWhatLiesBeyondTheBorderAsAsked) {
  const Images white = unmoved(at::full({50, 3, 20, 20}, 255., at::kDouble));
  const Parameters shifted = but({{"shift", .4}});
  const at::Tensor black = augmented("affine", shifted, white).pixels;
  EXPECT_EQ(black.min().item<double>(), 0);
  for (const std::string padding : {"border", "reflection"}) {
    Parameters padded = shifted;
    padded.emplace_back("padding", padding);
    EXPECT_LT(largest_difference(augmented("affine", padded, white).pixels, white.pixels), 1e-9) << padding;
  }
  // The border repeated ends at the ramp's first and last middle; mirrored, it goes back from there.
  Parameters border = shifted, reflection = shifted;
  border.emplace_back("padding", "border");
  reflection.emplace_back("padding", "reflection");
  const Images ramp = unmoved(ramps(50, 20, 20));
  const at::Tensor shift = augmented("affine", shifted, ramp).map.select(1, 0).select(1, 2);  // to the right
  const at::Tensor first = augmented("affine", border, ramp).pixels.select(1, 0).select(1, 9).select(1, 0);
  EXPECT_LT(largest_difference(first, (.5 - shift).clamp_min(.5)), 1e-9);
  const at::Tensor back = augmented("affine", reflection, ramp).pixels.select(1, 0).select(1, 9).select(1, 0);
  EXPECT_LT(largest_difference(back, (.5 - shift).abs().clamp_min(.5)), 1e-9);
}

}  // namespace
}  // namespace faceoff
