// Losses on embeddings: values worked out by hand, and gradients against central differences.
#include <faceoff/similarity.hpp>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "support.hpp"

namespace faceoff {
namespace {

at::Tensor rows(const std::vector<double>& values, at::IntArrayRef shape) {
  return at::tensor(values, at::kDouble).view(shape);
}

at::Tensor unit(const at::Tensor& rows) {
  return rows / rows.norm(2, -1, true);
}

/// An embedding, and what it is compared with.
struct Face {
  Output output;
  Reference reference;

  double by(const std::string& loss, const Parameters& parameters = {}) const {
    const at::Tensor values = (*make<Loss>(loss, parameters))(output, reference);
    EXPECT_EQ(values.sizes(), (std::vector<std::int64_t>{1}));
    return values.item<double>();
  }
};

/// Two targets, with two embeddings and with one: dot products .6, .8 and 0. Two of one's own: .48 and .6.
Face face() {
  Face face;
  face.output.embedding = rows({.6, .8, 0}, {1, 3});
  face.reference.targets = rows({1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}, {1, 2, 2, 3});
  face.reference.own = rows({0, .6, .8, 1, 0, 0, 0, 0, 0}, {1, 3, 3});
  face.reference.mean = rows({0, 0, .5}, {3});
  return face;
}

constexpr double toward = (.6 + .8 + 0) / 3, own = (.48 + .6) / 2;
// From (0, 0, .5), where (.6, .8, -.5) and (1, 0, -.5) are of the length √1.25, (0, .6, .3) of √.45.
const double centred_toward = (.85 / 1.25 + 1.05 / 1.25 - .5 / std::sqrt(1.25)) / 3;
const double centred_own = (.33 / .75 + .85 / 1.25) / 2;

constexpr double exact = 1e-12;
const Parameters centring = {{"centre", true}};

TEST(FaceLosses, AreWhatTheirDefinitionsSay) {
  const Face f = face();
  EXPECT_NEAR(f.by("similarity"), -toward, exact);
  EXPECT_NEAR(f.by("dodging"), own, exact);
  EXPECT_NEAR(f.by("push_pull"), own - toward, exact);
  EXPECT_NEAR(f.by("push_pull", {{"lambda", .25}}), .25 * own - toward, exact);
  EXPECT_NEAR(f.by("push_pull", {{"lambda", 0.}}), f.by("similarity"), exact);
  // log(1 + exp(D(x',x) - D(x',t))), D the squared distances: 2 - 2 own, and 2 - 2 toward.
  EXPECT_NEAR(f.by("target_gain"), -std::log1p(std::exp(2 * toward - 2 * own)), exact);
  EXPECT_NEAR(f.by("target_gain", {{"lambda", .25}}), -std::log1p(std::exp(2 * toward - .5 * own)), exact);
}

TEST(FaceLosses, AreThatOfCentredEmbeddingsWhereAsked) {
  const Face f = face();
  EXPECT_NEAR(f.by("similarity", centring), -centred_toward, exact);
  EXPECT_NEAR(f.by("dodging", centring), centred_own, exact);
  EXPECT_NEAR(f.by("push_pull", {{"centre", true}, {"lambda", 2.}}), 2 * centred_own - centred_toward, exact);
  EXPECT_NEAR(f.by("triplet", {{"centre", true}, {"margin", 1.}}), 1 + 2 * (centred_own - centred_toward), exact);
  EXPECT_NEAR(f.by("target_gain", centring), -std::log1p(std::exp(2 * (centred_toward - centred_own))), exact);
}

TEST(Dodging, CountsTheWorstFaceOfEachPictureWhereAsked) {
  // Three rows of the picture 4, one of the picture 7.
  Output output;
  output.embedding = rows({1, 0, .8, .6, 0, 1, .6, .8}, {4, 2}).requires_grad_(true);
  Reference reference;
  reference.own = rows({.6, .8, 1, 0, 1, 0, 1, 0}, {4, 1, 2});
  reference.subject = at::tensor(std::vector<std::int64_t>{4, 4, 4, 7});
  const at::Tensor values = (*make<Loss>("dodging", {{"worst", true}}))(output, reference);
  EXPECT_TRUE(at::allclose(values, rows({0, .8, 0, .6}, {4}))) << values;
  const at::Tensor gradient = torch::autograd::grad({values.sum()}, {output.embedding}).front();
  EXPECT_TRUE(at::equal(gradient, rows({0, 0, 1, 0, 0, 0, 1, 0}, {4, 2}))) << gradient;
}

TEST(Triplet, ComparesSquaredDistances) {
  Face f = face();
  const auto distance = [&](const at::Tensor& others) {  // of those that are there
    return (others - f.output.embedding).square().sum(1).mean().item<double>();
  };
  const double to_target = distance(f.reference.targets.view({4, 3}).narrow(0, 0, 3));
  const double to_own = distance(f.reference.own[0].narrow(0, 0, 2));
  ASSERT_GT(to_target, to_own);
  EXPECT_NEAR(f.by("triplet"), .2 + to_target - to_own, exact);
  EXPECT_NEAR(f.by("triplet", {{"margin", 1.5}}), 1.5 + to_target - to_own, exact);
  EXPECT_NEAR(f.by("triplet", {{"margin", 0.}}), to_target - to_own, exact);
  f.output.embedding = rows({0, 0, 1}, {1, 3});  // with one of the targets, and on the other side of oneself
  f.reference.own = rows({0, 0, -1}, {1, 1, 3});
  EXPECT_EQ(f.by("triplet"), 0);
}

TEST(Triplet, HasNoGradientWhereItsMarginIsMetAndAFullOneElsewhere) {
  Output output;
  output.embedding = rows({0, 0, 1, .6, .8, 0}, {2, 3}).requires_grad_(true);
  Reference reference;
  reference.targets = rows({0, 0, 1}, {3}).expand({2, 1, 1, 3});
  reference.own = rows({0, -1, 0, .6, .8, 0}, {2, 1, 3});
  const at::Tensor values = (*make<Loss>("triplet"))(output, reference);
  EXPECT_EQ(values[0].item<double>(), 0);
  EXPECT_NEAR(values[1].item<double>(), 2.2, exact);
  const at::Tensor gradient = torch::autograd::grad({values.sum()}, {output.embedding}).front();
  EXPECT_EQ(gradient[0].abs().max().item<double>(), 0);
  EXPECT_LT(largest_difference(gradient[1], rows({1.2, 1.6, -2}, {3})), exact);
}

TEST(FaceLosses, NeedWhatTheyRead) {
  const auto needs = [](const std::string& loss, const Parameters& parameters) {
    return make<Loss>(loss, parameters)->needs();
  };
  EXPECT_EQ(needs("dodging", {}), Field::embedding);
  EXPECT_EQ(needs("dodging", centring), Field::embedding | Field::mean);
  for (const std::string loss : {"similarity", "push_pull", "target_gain", "triplet"}) {
    EXPECT_EQ(needs(loss, {}), Field::embedding | Field::targets) << loss;
    EXPECT_EQ(needs(loss, centring), Field::embedding | Field::targets | Field::mean) << loss;
  }
}

const std::vector<std::string> all_losses = {"similarity", "dodging", "push_pull", "target_gain", "triplet"};

/// Three rows of made-up embeddings; a wide margin keeps every hinge open.
Parameters open(const std::string& loss, bool centre) {
  Parameters parameters = {{"centre", centre}};
  if (loss == "triplet") parameters.emplace_back("margin", 4.);
  return parameters;
}

Face made_up() {
  Face all;
  all.output.embedding = unit(noise({3, 8}, -1, 1, 1));
  all.reference.targets = unit(noise({3, 2, 4, 8}, -1, 1, 2));
  all.reference.own = unit(noise({3, 3, 8}, -1, 1, 3));
  all.reference.mean = noise({8}, -.3, .3, 4);
  return all;
}

TEST(FaceLosses, CountNoPadding) {
  const Face plain = made_up();
  Face padded = plain;
  padded.reference.targets = at::constant_pad_nd(plain.reference.targets, {0, 0, 0, 3, 0, 1});
  padded.reference.own = at::constant_pad_nd(plain.reference.own, {0, 0, 0, 2});
  for (const std::string& loss : all_losses) {
    for (const bool centre : {false, true}) {
      const auto built = make<Loss>(loss, open(loss, centre));
      const at::Tensor values = (*built)(plain.output, plain.reference);
      EXPECT_LT(largest_difference((*built)(padded.output, padded.reference), values), exact) << loss;
    }
  }
}

TEST(FaceLosses, CountEachEmbeddingOfUnevenTargetsOnce) {
  Face all = made_up();
  all.reference.targets[1][0].narrow(0, 1, 3).zero_();  // the second row's targets have one and three embeddings
  all.reference.targets[1][1][3].zero_();
  all.reference.targets[2].zero_();  // nobody at all
  const at::Tensor values = (*make<Loss>("similarity"))(all.output, all.reference);
  const std::vector<std::vector<std::pair<int, int>>> there = {
      {{0, 0}, {0, 1}, {0, 2}, {0, 3}, {1, 0}, {1, 1}, {1, 2}, {1, 3}}, {{0, 0}, {1, 0}, {1, 1}, {1, 2}}, {}};
  for (std::int64_t row = 0; row < 3; ++row) {
    double sum = 0;
    for (const auto& [t, k] : there[static_cast<std::size_t>(row)])
      sum += all.output.embedding[row].dot(all.reference.targets[row][t][k]).item<double>();
    const auto count = static_cast<double>(there[static_cast<std::size_t>(row)].size());
    EXPECT_NEAR(values[row].item<double>(), count > 0 ? -sum / count : 0, exact) << "row " << row;
  }
}

TEST(FaceLosses, HaveTheGradientThatCentralDifferencesGive) {
  const Face all = made_up();
  for (const std::string& loss : all_losses) {
    for (const bool centre : {false, true}) {
      SCOPED_TRACE(loss + (centre ? " centred" : ""));
      const auto built = make<Loss>(loss, open(loss, centre));
      const auto value = [&](const at::Tensor& embedding) {
        Output output;
        output.embedding = embedding;
        return (*built)(output, all.reference).sum();
      };
      const at::Tensor& x = all.output.embedding;
      const at::Tensor input = x.clone().requires_grad_(true);
      const at::Tensor gradient = torch::autograd::grad({value(input)}, {input}).front();
      ASSERT_GT(gradient.abs().min().item<double>(), 1e-6);
      constexpr double h = 1e-5;
      for (std::int64_t i = 0; i < x.numel(); ++i) {
        at::Tensor step = at::zeros_like(x);
        step.view({-1})[i] = h;
        EXPECT_NEAR((value(x + step) - value(x - step)).item<double>() / (2 * h), gradient.view({-1})[i].item<double>(),
                    1e-8);
      }
    }
  }
}

TEST(Centred, HasUnitLengthAndKeepsPadding) {
  const at::Tensor embeddings = at::cat({unit(noise({2, 3, 8}, -1, 1, 1)), at::zeros({2, 1, 8}, at::kDouble)}, 1);
  const at::Tensor mean = noise({8}, -.3, .3, 2);
  const at::Tensor moved = centred(embeddings, mean);
  EXPECT_LT(largest_difference(moved.narrow(1, 0, 3), unit(embeddings.narrow(1, 0, 3) - mean)), exact);
  EXPECT_EQ(moved.select(1, 3).abs().max().item<double>(), 0);
  EXPECT_TRUE(same_bits(centred(embeddings, {}), embeddings));
  // Somebody who is the mean looks like nobody, and not like NaN.
  EXPECT_EQ(centred(mean.unsqueeze(0), mean).abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace faceoff
