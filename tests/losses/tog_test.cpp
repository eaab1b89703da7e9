// The losses of TOG on detections: values worked out by hand, and gradients against central differences.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <string>
#include <vector>

#include "gradients.hpp"

namespace faceoff {
namespace {

at::Tensor boxes(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble).view({1, -1, 4});
}

/// A face of 10 by 10 and an empty one that pads; a box on the face itself, one that covers half of it and as much
/// beside it, one far away, and one that pads.
struct Found {
  Output output;
  Reference reference;
};

Found found() {
  Found found;
  found.output.scores = at::tensor({.9, .6, .2, 0.}, at::kDouble).view({1, 4});
  found.output.boxes = boxes({0, 0, 10, 10, 5, 0, 15, 10, 50, 50, 60, 60, 0, 0, 0, 0});
  found.reference.boxes = boxes({0, 0, 10, 10, 0, 0, 0, 0});
  return found;
}

const std::vector<std::string> of_scores = {"detection_vanish", "detection_fabricate"};

TEST(Tog, LossesAreWhatTheirDefinitionsSay) {
  const Found f = found();
  const auto by = [&](const std::string& loss, const Parameters& parameters = {}) {
    return (*make<Loss>(loss, parameters))(f.output, f.reference).item<double>();
  };
  constexpr double e = 1e-4;
  const auto there = [](double p, double least) { return std::log((1 + least) / (1 - p + least)); };
  const auto missing = [](double p, double least) { return std::log((p + least) / least); };
  EXPECT_NEAR(by("detection_vanish"), there(.9, e) + there(.6, e) + there(.2, e), 1e-12);
  EXPECT_NEAR(by("detection_vanish", {{"least", .1}}), there(.9, .1) + there(.6, .1) + there(.2, .1), 1e-12);
  EXPECT_NEAR(by("detection_vanish", {{"hidden", .5}}), there(.9, e) + there(.6, e), 1e-12);
  EXPECT_NEAR(by("detection_fabricate"), -missing(.9, e) - missing(.6, e) - missing(.2, e), 1e-12);
  // IoUs of 1 and 1/3 by scores of .9 and .6; the others overlap nothing.
  EXPECT_NEAR(by("detection_misplace"), (.9 + .6 / 3) / 1.5, 1e-12);
}

TEST(Tog, LeastMakesItCrossEntropyAsItGoesToNought) {
  const Found f = found();
  const double all = (*make<Loss>("detection_vanish", {{"least", 1e-9}}))(f.output, f.reference).item<double>();
  EXPECT_NEAR(all, -std::log(.1) - std::log(.4) - std::log(.8), 1e-7);
}

TEST(Tog, LossesOnScoresHaveTheGradientThatCentralDifferencesGiveAlsoAtNoughtAndOne) {
  for (const std::string& name : of_scores) {
    const auto loss = make<Loss>(name);
    const auto value = [&](const at::Tensor& scores) {
      Output output;
      output.scores = scores;
      return (*loss)(output, {}).sum();
    };
    const auto gradient = [&](const at::Tensor& scores) {
      const at::Tensor input = scores.clone().requires_grad_(true);
      return torch::autograd::grad({value(input)}, {input}).front();
    };
    const at::Tensor scores = noise({2, 9}, .1, .9, 1);
    expect_true_gradient([&](const at::Tensor& at) { return value(at).item<double>(); }, scores, gradient(scores));
    const at::Tensor ends = at::tensor({0., 1.}, at::kDouble).view({1, 2});
    EXPECT_TRUE(std::isfinite(gradient(ends).sum().item<double>())) << name;
    const double wanted = name == "detection_vanish" ? 1 : -1;
    EXPECT_TRUE((gradient(ends).sign() == wanted).all().item<bool>()) << name;
  }
}

TEST(Tog, MisplaceMovesBoxesAndKeepsScores) {
  Found f = found();
  f.output.scores.requires_grad_(true);
  const auto loss = make<Loss>("detection_misplace");
  const auto value = [&](const at::Tensor& at) {
    f.output.boxes = at;
    return (*loss)(f.output, f.reference).sum();
  };
  // Off the face's own edges, where an IoU has a kink.
  const at::Tensor x = found().output.boxes + boxes({1, 2, -1, -2, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0});
  const at::Tensor input = x.clone().requires_grad_(true);
  const auto gradients =
      torch::autograd::grad({value(input)}, {input, f.output.scores}, {}, {}, false, /*allow_unused=*/true);
  const at::NoGradGuard no_grad;
  expect_true_gradient([&](const at::Tensor& at) { return value(at).item<double>(); }, x, gradients[0]);
  EXPECT_FALSE(gradients[1].defined()) << "a face is still to be found";
  EXPECT_EQ(gradients[0][0][2].abs().max().item<double>(), 0);
}

TEST(Tog, MisplaceSaysWhereBoxesCarryNoGradient) {
  Found f = found();
  f.output.scores.requires_grad_(true);
  expect_in(error_of<Error>([&] { (*make<Loss>("detection_misplace"))(f.output, f.reference); }), "no gradient");
}

TEST(Tog, MisplaceOfNothingIsNothing) {
  Found f = found();
  f.output.boxes = f.output.boxes + 1000;
  EXPECT_EQ((*make<Loss>("detection_misplace"))(f.output, f.reference).item<double>(), 0);
}

TEST(Tog, NeedsWhatItReads) {
  for (const std::string& name : of_scores) EXPECT_EQ(make<Loss>(name)->needs(), Field::scores) << name;
  EXPECT_EQ(make<Loss>("detection_misplace")->needs(), Field::scores | Field::boxes);
}

TEST(Tog, CountsNoPaddingAndEachRowAlone) {
  const Found f = found();
  Found both = f;
  both.output.scores = at::cat({at::constant_pad_nd(f.output.scores, {0, 5}), noise({1, 9}, 0, 1, 1)});
  both.output.boxes = at::cat({at::constant_pad_nd(f.output.boxes, {0, 0, 0, 5}), noise({1, 9, 4}, 0, 20, 2)});
  both.reference.boxes = f.reference.boxes.expand({2, 2, 4});
  for (const char* name : {"detection_vanish", "detection_fabricate", "detection_misplace"}) {
    const auto loss = make<Loss>(name);
    const at::Tensor values = (*loss)(both.output, both.reference);
    EXPECT_EQ(values.sizes(), (std::vector<std::int64_t>{2}));
    EXPECT_NEAR(values[0].item<double>(), (*loss)(f.output, f.reference).item<double>(), 1e-12) << name;
  }
}

}  // namespace
}  // namespace faceoff
