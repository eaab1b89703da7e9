// Boxes: areas, overlaps, distances and shares, worked out by hand.
#include <faceoff/boxes.hpp>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <vector>

#include "support.hpp"

namespace faceoff {
namespace {

at::Tensor boxes(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble).view({1, -1, 4});
}

void expect_equal(const at::Tensor& found, const std::vector<double>& expected) {
  EXPECT_LT(largest_difference(found.flatten(), at::tensor(expected, at::kDouble)), 1e-6) << found;
}

// 10 by 10; 20 by 10 beside it, half of it; turned inside out; empty.
const std::vector<double> some = {0, 0, 10, 10, 5, 0, 25, 10, 9, 9, 3, 12, 4, 4, 4, 4};

TEST(Boxes, HaveAnAreaUnlessTheyAreEmpty) {
  expect_equal(area_of(boxes(some)), {100, 200, 0, 0});
}

TEST(Boxes, OverlapByTheSharedPartOfBoth) {
  expect_equal(overlap(boxes(some), boxes({0, 0, 10, 10, 100, 100, 101, 101})), {1, 0, 50. / 250, 0, 0, 0, 0, 0});
  expect_equal(overlap(boxes({4, 4, 4, 4}), boxes({4, 4, 4, 4})), {0});
}

TEST(Boxes, AreAsFarFromAFaceAsTheirCentresOverItsLongerSide) {
  expect_equal(distance(boxes({0, 0, 10, 10, 3, 4, 13, 14}), boxes({0, 0, 10, 10, -5, 0, 15, 10, 7, 7, 7, 7})),
               {0, 0, 1e6, .5, .25, 1e6});
}

TEST(Boxes, CoverAShareOfThePictureThatLiesInTheirView) {
  const at::Tensor picture = at::tensor({0., 0., 20., 10.}, at::kDouble).view({1, 4});
  expect_equal(share_of(boxes(some), picture), {.5, .75, 0, 0});
  expect_equal(share_of(boxes({-100, -100, 100, 100, 30, 30, 40, 40}), picture), {1, 0});
}

TEST(Boxes, HaveAFiniteGradientWhereTheyAreEmptyOrLieOnOneAnother) {
  const at::Tensor x = boxes({0, 0, 10, 10, 4, 4, 4, 4, 9, 9, 3, 12}).requires_grad_(true);
  const at::Tensor faces = boxes({0, 0, 10, 10, 4, 4, 4, 4});
  const at::Tensor sum = overlap(x, faces).sum() + distance(x, faces).sum() + area_of(x).sum() +
                         share_of(x, at::tensor({0., 0., 20., 10.}, at::kDouble).view({1, 4})).sum();
  EXPECT_TRUE(std::isfinite(torch::autograd::grad({sum}, {x}).front().sum().item<double>()));
}

}  // namespace
}  // namespace faceoff
