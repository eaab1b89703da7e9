// The distance of embeddings: values worked out by hand, and gradients against central differences.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <string>
#include <vector>

#include "gradients.hpp"

namespace faceoff {
namespace {

at::Tensor rows(const std::vector<double>& values, at::IntArrayRef shape) {
  return at::tensor(values, at::kDouble).view(shape);
}

at::Tensor unit(const at::Tensor& vectors) {
  return vectors / vectors.norm(2, -1, true);
}

/// A face (.6, .8, 0) that was (0, .6, .8): 0.36 + 0.04 + 0.64 between them. To the target's two embeddings it is .8
/// and .4, squared; the third pads.
struct Face {
  Output output;
  Reference reference;

  double by(const Parameters& parameters) const {
    const at::Tensor values = (*make<Loss>("feature_distance", parameters))(output, reference);
    EXPECT_EQ(values.sizes(), (std::vector<std::int64_t>{1}));
    return values.item<double>();
  }
};

Face face() {
  Face face;
  face.output.embedding = rows({.6, .8, 0}, {1, 3});
  face.reference.clean.embedding = rows({0, .6, .8}, {1, 3});
  face.reference.targets = rows({1, 0, 0, 0, 1, 0, 0, 0, 0}, {1, 1, 3, 3});
  face.reference.mean = rows({0, 0, .5}, {3});
  return face;
}

const std::string away = "away", toward = "toward";
constexpr double exact = 1e-9;

TEST(FeatureDistance, GoesAwayFromTheCleanFaceOrTowardTheTarget) {
  const Face f = face();
  EXPECT_NEAR(f.by({}), -1.04, exact);
  EXPECT_NEAR(f.by({{"squared", false}}), -std::sqrt(1.04), exact);
  EXPECT_NEAR(f.by({{"aim", toward}}), (.8 + .4) / 2, exact);
  EXPECT_NEAR(f.by({{"aim", toward}, {"squared", false}}), (std::sqrt(.8) + std::sqrt(.4)) / 2, exact);
}

TEST(FeatureDistance, IsThatOfCentredEmbeddingsWhereAsked) {
  const Face f = face();
  // Seen from (0, 0, .5) the face is (.6, .8, -.5)/√1.25, and was (0, .6, .3)/√.45: 2 - 2 cos.
  EXPECT_NEAR(f.by({{"centre", true}}), -(2 - 2 * .33 / .75), exact);
  EXPECT_NEAR(f.by({{"centre", true}, {"aim", toward}}), 2 - (.85 + 1.05) / 1.25, exact);
}

TEST(FeatureDistance, NeedsWhatItReads) {
  const auto needs = [](const Parameters& parameters) { return make<Loss>("feature_distance", parameters)->needs(); };
  EXPECT_EQ(needs({}), Field::embedding);
  EXPECT_EQ(needs({{"aim", toward}}), Field::embedding | Field::targets);
  EXPECT_EQ(needs({{"centre", true}}), Field::embedding | Field::mean);
}

TEST(FeatureDistance, HasTheGradientThatCentralDifferencesGive) {
  Reference reference;
  reference.clean.embedding = unit(noise({3, 8}, -1, 1, 1));
  reference.targets = unit(noise({3, 2, 4, 8}, -1, 1, 2));
  reference.mean = noise({8}, -.3, .3, 3);
  const at::Tensor x = unit(noise({3, 8}, -1, 1, 4));
  for (const std::string& aim : {away, toward}) {
    for (const bool squared : {false, true}) {
      for (const bool centre : {false, true}) {
        SCOPED_TRACE(aim + (squared ? " squared" : "") + (centre ? " centred" : ""));
        const auto loss = make<Loss>("feature_distance", {{"aim", aim}, {"squared", squared}, {"centre", centre}});
        const auto value = [&](const at::Tensor& embedding) {
          Output output;
          output.embedding = embedding;
          return (*loss)(output, reference).sum();
        };
        const at::Tensor input = x.clone().requires_grad_(true);
        const at::Tensor gradient = torch::autograd::grad({value(input)}, {input}).front();
        expect_true_gradient([&](const at::Tensor& at) { return value(at).item<double>(); }, x, gradient);
      }
    }
  }
}

TEST(FeatureDistance, HasAFiniteGradientWhereNothingHasMovedYet) {
  Face f = face();
  f.output.embedding = f.reference.clean.embedding.clone().requires_grad_(true);
  for (const bool squared : {false, true}) {
    const at::Tensor value = (*make<Loss>("feature_distance", {{"squared", squared}}))(f.output, f.reference);
    const at::Tensor gradient = torch::autograd::grad({value.sum()}, {f.output.embedding}).front();
    EXPECT_EQ(gradient.abs().max().item<double>(), 0);
  }
}

TEST(FeatureDistance, OfNobodyIsNothing) {
  Face f = face();
  f.reference.targets = at::zeros({1, 2, 2, 3}, at::kDouble);
  EXPECT_EQ(f.by({{"aim", toward}}), 0);
}

}  // namespace
}  // namespace faceoff
