// The objective of several pictures at once, when it stops, and what it keeps.
#include "attack/objective.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>

#include "attack/attack.hpp"
#include "attack/scene.hpp"

namespace faceoff {
namespace {

// ------------------------------------------------------------------------------------------------------------ batches

TEST(Batch, PadsTheSmallerPictureOutsideTheMask) {
  const Scene scene(experiment(toward, similarity));
  EXPECT_EQ(scene.subjects.pixels.sizes(), (std::vector<std::int64_t>{2, 3, 100, 100}));
  EXPECT_TRUE(same_bits(own(scene.subjects.pixels[0], scene.subjects.rows[0]), scene.inputs[0].clean[0]));
  EXPECT_EQ(scene.subjects.mask[0].sum().item<double>(), 80 * 80);
  EXPECT_EQ(scene.subjects.mask[1].min().item<double>(), 1);
}

void expect_each_as_alone(const std::string& text, bool targeted = true) {
  const Scene scene(text, targeted);
  const at::Tensor x = scene.subjects.pixels + scene.subjects.mask * noise({2, 3, 100, 100}, -4, 4, 5, at::kFloat);
  ChainObjective together = scene.objective();
  const Evaluation all = together.value_and_grad(x);
  const at::Tensor numbers = together.random().uniform(0, 1, {3, 100, 100});
  for (std::size_t i = 0; i < scene.inputs.size(); ++i) {
    const std::span<const AttackInput> one = std::span(scene.inputs).subspan(i, 1);
    const Subjects subjects = scene.of(one);
    ChainObjective alone(scene.built.assembly, subjects, one);
    const Subject& row = scene.subjects.rows[i];
    const auto r = static_cast<std::int64_t>(i);
    const at::Tensor pixels = own(x[r], row).unsqueeze(0).contiguous();
    const Evaluation single = alone.value_and_grad(pixels);
    EXPECT_NEAR(all.value[r].item<double>(), single.value[0].item<double>(),
                1e-4 * std::max(1., std::abs(single.value[0].item<double>())));
    EXPECT_NEAR(all.margin[r].item<double>(), single.margin[0].item<double>(), 1e-4);
    const at::Tensor gradient = own(all.gradient[r], row);
    EXPECT_LT(largest_difference(gradient, single.gradient[0]), 1e-3 * single.gradient.abs().max().item<double>());
    EXPECT_NEAR(all.gradient[r].abs().sum().item<double>(), gradient.abs().sum().item<double>(), 1e-6)
        << "what pads has no gradient";
    EXPECT_TRUE(same_bits(own(numbers[r], row), alone.random().uniform(0, 1, {3, row.height, row.width})[0]));
  }
}

TEST(Batch, EachPictureIsAttackedAsIfItWereAloneByAnEmbedder) {
  expect_each_as_alone(experiment(toward, similarity + "[[augment]]\nplugin = \"random_scale\"\nprobability = 0.9\n" +
                                              "[[augment]]\nplugin = \"uniform_noise\"\ndraws = 2\n"));
}

TEST(Batch, EachPictureIsAttackedAsIfItWereAloneByADetectorAfterChangesToThePicture) {
  expect_each_as_alone(
      experiment("", detection + "[[augment]]\nplugin = \"random_crop\"\nat = \"picture\"\ndraws = 2\n"), false);
}

TEST(Batch, EachPictureIsAttackedAsIfItWereAloneByCrops) {
  const Scene scene(experiment("subject = \"crop\"\n" + toward, similarity));
  EXPECT_EQ(scene.subjects.pixels.sizes(), (std::vector<std::int64_t>{2, 3, 150, 150}));
  ChainObjective together = scene.objective();
  const Evaluation all = together.value_and_grad(scene.subjects.pixels);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::span<const AttackInput> one = std::span(scene.inputs).subspan(i, 1);
    const Subjects subjects = scene.of(one);
    ChainObjective alone(scene.built.assembly, subjects, one);
    EXPECT_NEAR(all.value[static_cast<std::int64_t>(i)].item<double>(), alone.value(subjects.pixels).item<double>(),
                1e-4);
  }
}

TEST(Batch, AnAttackGivesEachPictureItsOwnPixelsTraceAndQueries) {
  const Scene scene(experiment("mask = \"faces\"\nepsilon = 4\n" + toward, similarity));
  std::vector<std::int64_t> told;
  const std::vector<AttackResult> results = attack(
      scene.built.assembly, scene.inputs, {.progress = [&](std::int64_t step, std::int64_t) { told.push_back(step); }});
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(told.size(), 6U);
  for (std::size_t i = 0; i < 2; ++i) {
    const at::Tensor change = results[i].pixels.to(at::kFloat) - scene.inputs[i].clean;
    EXPECT_EQ(change.sizes(), scene.inputs[i].clean.sizes());
    EXPECT_LE(change.abs().max().item<double>(), 4);
    EXPECT_GT(change.abs().max().item<double>(), 3);
    EXPECT_EQ(results[i].queries, 6);
    ASSERT_EQ(results[i].trace.size(), 6U);
    EXPECT_LT(*results[i].trace.back().objective, *results[i].trace.front().objective);
    EXPECT_GT(*results[i].trace.back().margin, *results[i].trace.front().margin);
  }
  EXPECT_NE(*results[0].trace.back().objective, *results[1].trace.back().objective);
}

// ------------------------------------------------------------------------------------------------------- when it stops

TEST(EarlyStop, ASubjectThatReachedTheGoalKeepsThatPointAndTheOthersGoOn) {
  constexpr double goal = -.85;
  const Scene scene(experiment("stop_at_margin = -0.85\n" + toward, similarity));
  ChainObjective objective = scene.objective();
  ASSERT_LT(objective.evaluate(scene.subjects.pixels).margin.max().item<double>(), goal);
  const at::Tensor answer = scene.built.assembly.optimizer->run(objective, objective.budget());
  const at::Tensor delivered = objective.with_kept(answer);
  const at::Tensor kept = scene.objective().evaluate(delivered).margin;
  const at::Tensor last = scene.objective().evaluate(answer).margin;
  for (std::int64_t s = 0; s < 2; ++s) {
    EXPECT_GE(kept[s].item<double>(), goal) << "a point that was measured";
    EXPECT_LT(kept[s].item<double>(), goal + .1) << "the first one";
    EXPECT_GT(last[s].item<double>(), kept[s].item<double>()) << "the optimizer had gone on";
  }
}

TEST(EarlyStop, CountsForAttacksThatOnlyAskForValues) {
  const Scene scene(experiment("stop_at = 10.0\n" + toward, similarity));
  ChainObjective objective = scene.objective();
  std::int64_t steps = 0;
  for ([[maybe_unused]] const auto step : objective.steps(5)) {
    ++steps;
    objective.value(scene.subjects.pixels);
  }
  EXPECT_EQ(steps, 1) << "any value is below 10";
}

TEST(EarlyStop, CountsForCopiesOfTheSubjectsAndKeepsOneWithinTheBudget) {
  const Scene scene(experiment("stop_at = 10.0\nepsilon = 2\n" + toward, similarity));
  ChainObjective objective = scene.objective();
  const at::Tensor within = scene.subjects.pixels + scene.subjects.mask, beyond = within + 30 * scene.subjects.mask;
  std::int64_t steps = 0;
  for ([[maybe_unused]] const auto step : objective.steps(5)) {
    ++steps;
    objective.value(at::stack({beyond, within}, 1).flatten(0, 1));
  }
  EXPECT_EQ(steps, 1);
  const at::Tensor delivered = objective.with_kept(scene.subjects.pixels);
  EXPECT_LT(largest_difference(delivered, within.clamp(0, 255)), 1.001);
  EXPECT_GT(largest_difference(delivered, scene.subjects.pixels), .5);
}

TEST(EarlyStop, WithoutASaidGoalNothingIsKept) {
  const Scene scene(experiment(toward, similarity));
  ChainObjective objective = scene.objective();
  for ([[maybe_unused]] const auto step : objective.steps(2)) objective.value(scene.subjects.pixels);
  const at::Tensor answer = scene.subjects.pixels + 1;
  EXPECT_TRUE(same_bits(objective.with_kept(answer), answer));
  EXPECT_FALSE(objective.reached(scene.subjects.pixels).any().item<bool>()) << "a clean face is like itself";
}

TEST(EarlyStop, KeepBestDeliversTheMeasuredPointWithTheGreatestMargin) {
  const Scene scene(experiment("keep = \"best\"\n" + toward, similarity));
  ChainObjective objective = scene.objective();
  const at::Tensor answer = scene.built.assembly.optimizer->run(objective, objective.budget());
  const at::Tensor best = objective.with_kept(answer);
  for ([[maybe_unused]] const auto step : objective.steps(1)) objective.value(scene.subjects.pixels);  // which is worse
  EXPECT_TRUE(same_bits(objective.with_kept(answer), best));
}

// --------------------------------------------------------------------------------------------------------------- draws

TEST(Draws, AreAnewForEachEvaluationOrTheSameAgain) {
  const Scene scene(experiment(toward, similarity + "[[augment]]\nplugin = \"uniform_noise\"\namplitude = 20\n"));
  ChainObjective objective = scene.objective();
  for ([[maybe_unused]] const auto step : objective.steps(1)) {
    const at::Tensor first = objective.value(scene.subjects.pixels);
    EXPECT_TRUE(same_bits(objective.value_and_grad(scene.subjects.pixels, Draw::again).value, first));
    const at::Tensor second = objective.value(scene.subjects.pixels);
    EXPECT_FALSE(same_bits(second, first));
    EXPECT_TRUE(same_bits(objective.value(scene.subjects.pixels, Draw::again), second));
  }
}

// ---------------------------------------------------------------------------------------------------------- transforms

TEST(GradientFilter, LeavesThePictureAndSmoothsTheGradient) {
  const Scene plain(experiment(toward, similarity));
  const Scene smooth(
      experiment(toward, similarity + "[[augment]]\nplugin = \"translation_invariant\"\nat = \"picture\"\nsize = 7\n"));
  const Evaluation a = plain.objective().value_and_grad(plain.subjects.pixels),
                   b = smooth.objective().value_and_grad(smooth.subjects.pixels);
  EXPECT_LT(largest_difference(a.value, b.value), 1e-6);
  // The kernel that the paper gives: a Gaussian over three standard deviations on each side, of sum 1.
  const at::Tensor line = (-at::linspace(-3, 3, 7).square() / 2).exp();
  const at::Tensor kernel = at::outer(line, line) / line.sum().square();
  const Subject& row = plain.subjects.rows[1];
  const at::Tensor expected =
      at::conv2d(own(a.gradient[1], row).unsqueeze(1), kernel.view({1, 1, 7, 7}), {}, {1, 1}, {3, 3}).squeeze(1);
  EXPECT_LT(largest_difference(own(b.gradient[1], row), expected), 1e-4 * expected.abs().max().item<double>());
}

TEST(Partners, AreWhatTheHostGivesForEachRow) {
  const Scene scene(experiment(toward, similarity + "[[augment]]\nplugin = \"admix\"\npeople = 2\nscales = 1\n"));
  std::vector<std::size_t> asked;
  ObjectiveOptions options;
  options.partners = [&](const LoadedModel& model, const std::vector<std::size_t>& pictures, std::int64_t each,
                         Random&) {
    asked = pictures;
    EXPECT_EQ(each, 2);
    return at::zeros({static_cast<std::int64_t>(pictures.size()), each, 3, model.view.height, model.view.width});
  };
  ChainObjective objective(scene.built.assembly, scene.subjects, scene.inputs, options);
  const Scene plain(experiment(toward, similarity));
  EXPECT_LT(largest_difference(objective.value(scene.subjects.pixels), plain.objective().value(plain.subjects.pixels)),
            1e-4)
      << "nobody mixed in changes nothing";
  EXPECT_EQ(asked, (std::vector<std::size_t>{0, 1}));
}

}  // namespace
}  // namespace faceoff
