#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "augment/images.hpp"

namespace faceoff {
namespace {

TEST(Colour, ChangesContrastAboutTheMiddleGreyAndBrightnessByADrawARow) {
  at::Tensor pixels = at::full({4000, 3, 1, 2}, 127.5, at::kDouble);
  pixels.select(3, 1).fill_(27.5);
  const Images images = unmoved(pixels);
  const Images out = augmented("colour", {}, images);
  const at::Tensor brightness = out.pixels.select(3, 0) - 127.5;  // [R,3,1]
  const at::Tensor contrast = (out.pixels.select(3, 0) - out.pixels.select(3, 1)) / 100;
  expect_uniform(brightness.select(1, 0), -20, 20);
  expect_uniform(contrast.select(1, 0), .7, 1.3);
  for (const at::Tensor& of : {brightness, contrast}) {
    EXPECT_LT(largest_difference(of, of.narrow(1, 0, 1).expand_as(of)), 1e-12);  // of all channels alike
  }
  EXPECT_TRUE(same_bits(out.map, images.map));
}

TEST(Colour, BendsByAGammaThatKeepsBlackAndWhiteAndHasASlopeAtBlack) {
  const Parameters gamma_alone = {{"contrast", 0.}, {"brightness", 0.}, {"gamma", .5}};
  const at::Tensor values = at::tensor({-3., 0., 100., 255.}, at::kDouble);
  const at::Tensor pixels = values.expand({2000, 3, 1, 4}).clone().requires_grad_(true);
  const at::Tensor out = augmented("colour", gamma_alone, unmoved(pixels)).pixels;
  const at::Tensor slope = torch::autograd::grad({out.sum()}, {pixels}).front().select(1, 1).select(1, 0);  // [R,4]
  const at::Tensor there = out.detach().select(1, 1).select(1, 0);
  // k·(1 + x)^γ has the slopes kγ at 0 and kγ·256^(γ − 1) at 255.
  const at::Tensor gamma = 1 + (slope.select(1, 3) / slope.select(1, 1)).log() / std::log(256.);
  expect_uniform(gamma.log(), -.5, .5);
  const at::Tensor size = 255 / (at::pow(256., gamma) - 1);
  EXPECT_LT(largest_difference(slope.select(1, 1), size * gamma), 1e-9);
  EXPECT_LT(largest_difference(slope.select(1, 0), size * gamma), 1e-9);
  EXPECT_LT(largest_difference(there.select(1, 0), -3 * size * gamma), 1e-9);
  EXPECT_EQ(there.select(1, 1).abs().max().item<double>(), 0);
  EXPECT_LT(largest_difference(there.select(1, 2), size * (at::pow(101., gamma) - 1)), 1e-9);
  EXPECT_LT((there.select(1, 3) - 255).abs().max().item<double>(), 1e-9);
}

TEST(Colour, WithNothingToDrawChangesNothing) {
  const Images images = unmoved(noise({2, 3, 9, 7}, -20, 300, 1));
  const Images out = augmented("colour", {{"contrast", 0.}, {"brightness", 0.}}, images);
  EXPECT_LT(largest_difference(out.pixels, images.pixels), 1e-12);
}

}  // namespace
}  // namespace faceoff
