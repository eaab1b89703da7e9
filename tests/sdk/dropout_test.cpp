// Dropout against its definition.
#include <faceoff/layers.hpp>

#include <ATen/ATen.h>

#include "support.hpp"

namespace faceoff {
namespace {

using layers::Dropout;

TEST(Dropout, ZerosAShareOfTheFeaturesAndKeepsTheMean) {
  Random random(7, {1, 2}, at::kDouble);
  const at::Tensor x = at::ones({2, 50, 20, 20}, at::kDouble);
  const at::Tensor dropped = Dropout(.3, random)(x);
  EXPECT_NEAR((dropped == 0).to(at::kDouble).mean().item<double>(), .3, .01);
  EXPECT_TRUE(((dropped == 0) | ((dropped - 1 / .7).abs() < 1e-12)).all().item<bool>());
  EXPECT_FALSE(at::equal(dropped[0], dropped[1])) << "rows drop their own";
  EXPECT_FALSE(at::equal(Dropout(.3, random)(x), dropped)) << "each time others";
  Random second(7, {2}, at::kDouble);
  EXPECT_TRUE(at::equal(Dropout(.3, second)(x.narrow(0, 0, 1))[0], dropped[1])) << "whatever the batch";
}

TEST(Dropout, LeavesAllAsTheyAreByDefault) {
  Random random(7, {1});
  const at::Tensor x = noise({1, 3, 4, 4}, -1, 1, 1, at::kFloat);
  EXPECT_TRUE(same_bits(Dropout()(x), x));
  EXPECT_TRUE(same_bits(Dropout(0, random)(x), x));
}

TEST(Dropout, OfAConvolutionComesBeforeTheResidualAndTheActivation) {
  const at::Tensor x = noise({1, 3, 6, 6}, -1, 1, 1), residual = noise({1, 4, 6, 6}, -1, 1, 2);
  const at::Tensor weight = noise({4, 3, 3, 3}, -1, 1, 3), bias = noise({4}, -1, 1, 4);
  const layers::Conv2d rectified(weight, bias, {.activation = layers::Activation::relu}), plain(weight, bias);
  Random random(7, {1}, at::kDouble), same(7, {1}, at::kDouble);
  const at::Tensor expected = at::relu(Dropout(.5, same)(plain(x)) + residual);
  EXPECT_TRUE(same_bits(rectified(x, residual, {.5, random}), expected));
  EXPECT_TRUE(same_bits(rectified(x, residual, {}), rectified(x, residual)));
}

}  // namespace
}  // namespace faceoff
