#include <faceoff/images.hpp>

#include <ATen/ATen.h>

#include "support.hpp"

namespace faceoff {
namespace {

at::Tensor map_of(std::vector<double> values) {
  return at::tensor(values, at::kDouble).view({-1, 2, 3});
}

TEST(Maps, ApplyTheRowsOwnMapToItsPoints) {
  const at::Tensor maps = map_of({2, 0, 10, 0, 3, 20, 0, -1, 5, 1, 0, 0});
  const at::Tensor points = at::tensor({1., 2., 3., 4., 1., 2., 3., 4.}, at::kDouble).view({2, 2, 2});
  const at::Tensor expected = at::tensor({12., 26., 16., 32., 3., 1., 1., 3.}, at::kDouble).view({2, 2, 2});
  EXPECT_LT(largest_difference(apply_map(maps, points), expected), 1e-12);
  const at::Tensor deeper = points.unsqueeze(1).expand({2, 3, 2, 2});
  EXPECT_LT(largest_difference(apply_map(maps, deeper), expected.unsqueeze(1).expand({2, 3, 2, 2})), 1e-12);
}

TEST(Maps, ComposingIsApplyingOneAfterTheOther) {
  const at::Tensor first = noise({4, 2, 3}, -2, 2, 1), second = noise({4, 2, 3}, -2, 2, 2);
  const at::Tensor points = noise({4, 6, 2}, -50, 50, 3);
  EXPECT_LT(largest_difference(apply_map(compose(second, first), points), apply_map(second, apply_map(first, points))),
            1e-10);
  EXPECT_GT(largest_difference(compose(second, first), compose(first, second)), .1);
}

TEST(Maps, BoxesBecomeTheUprightBoxesAboutTheirMappedCorners) {
  const at::Tensor boxes = at::tensor({1., 2., 5., 8., 0., 0., 0., 0.}, at::kDouble).view({1, 2, 4});
  EXPECT_LT(largest_difference(map_boxes(map_of({2, 0, 10, 0, .5, 1}), boxes)[0][0],
                               at::tensor({12., 2., 20., 5.}, at::kDouble)),
            1e-12);
  // A mirror swaps left and right, a quarter turn width and height.
  EXPECT_LT(largest_difference(map_boxes(map_of({-1, 0, 100, 0, 1, 0}), boxes)[0][0],
                               at::tensor({95., 2., 99., 8.}, at::kDouble)),
            1e-12);
  EXPECT_LT(largest_difference(map_boxes(map_of({0, -1, 0, 1, 0, 0}), boxes)[0][0],
                               at::tensor({-8., 1., -2., 5.}, at::kDouble)),
            1e-12);
  EXPECT_LT(
      largest_difference(map_boxes(map_of({1, 0, 7, 0, 1, 9}), boxes)[0][1], at::tensor({7., 9., 7., 9.}, at::kDouble)),
      1e-12);
}

TEST(Maps, MovedImagesTakeTheirMapsAndLandmarksAlong) {
  const Images images{at::zeros({2, 3, 4, 4}, at::kDouble), map_of({2, 0, 1, 0, 2, 1, 1, 0, 0, 0, 1, 0}),
                      at::tensor({1., 2., 3., 4.}, at::kDouble).view({2, 1, 2})};
  const at::Tensor row = at::ones({1, 3, 5, 5}, at::kDouble);
  const Images after = moved(images, {row, row}, {{3, 10, 5, 20}, {}});
  EXPECT_EQ(after.pixels.sizes(), (std::vector<std::int64_t>{2, 3, 5, 5}));
  EXPECT_LT(largest_difference(after.map, map_of({6, 0, 13, 0, 10, 25, 1, 0, 0, 0, 1, 0})), 1e-12);
  EXPECT_LT(largest_difference(after.landmarks.flatten(), at::tensor({13., 30., 3., 4.}, at::kDouble)), 1e-12);
}

TEST(Maps, OneMapMovesAllImagesAndNoMapStaysNone) {
  const Images images{
      at::zeros({2, 3, 4, 4}, at::kDouble), {}, at::tensor({1., 2., 3., 4.}, at::kDouble).view({2, 1, 2})};
  const Images after = moved(images, at::ones({2, 3, 8, 8}, at::kDouble), map_of({2, 0, 1, 0, 3, 0}));
  EXPECT_EQ(after.pixels.size(2), 8);
  EXPECT_FALSE(after.map.defined());
  EXPECT_LT(largest_difference(after.landmarks.flatten(), at::tensor({3., 6., 7., 12.}, at::kDouble)), 1e-12);
}

TEST(Maps, RepeatedRowsLieBesideOneAnother) {
  const Images images{noise({2, 3, 4, 4}, 0, 255, 1), map_of({2, 0, 1, 0, 2, 1, 1, 0, 0, 0, 1, 0}), {}};
  const Images after = repeated(images, 3);
  EXPECT_FALSE(after.landmarks.defined());
  for (std::int64_t r = 0; r < 6; ++r) {
    EXPECT_TRUE(same_bits(after.pixels[r], images.pixels[r / 3]));
    EXPECT_TRUE(same_bits(after.map[r], images.map[r / 3]));
  }
}

}  // namespace
}  // namespace faceoff
