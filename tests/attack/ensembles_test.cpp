// How models and losses on pixels count beside one another, and which models a step draws.
#include <ATen/ATen.h>

#include <cmath>
#include <functional>
#include <set>

#include "attack/scene.hpp"

namespace faceoff {
namespace {

TEST(Balance, CountsEachModelByItsGradientOverItsOwnMeanSizeTimesItsWeight) {
  const std::string rest =
      "[[loss]]\nplugin = \"similarity\"\nmodels = [\"dlib\"]\nweight = 100.0\n"
      "[[loss]]\nplugin = \"similarity\"\nmodels = [\"faceres\"]\nweight = 0.01\n";
  const Scene both(experiment("balance = \"gradient\"\n" + toward, rest));
  const auto alone = [&](const std::string& model) {
    const Scene one(experiment(toward, "[[loss]]\nplugin = \"similarity\"\nmodels = [\"" + model + "\"]\n"));
    const at::Tensor gradient = one.objective().value_and_grad(one.subjects.pixels).gradient;
    std::vector<at::Tensor> rows;
    for (std::int64_t r = 0; r < 2; ++r) {
      const at::Tensor part = own(gradient[r], one.subjects.rows[static_cast<std::size_t>(r)]);
      rows.push_back(gradient[r] / part.abs().mean());
    }
    return at::stack(rows);
  };
  const Evaluation found = both.objective().value_and_grad(both.subjects.pixels);
  const at::Tensor expected = 100 * alone("dlib") + .01 * alone("faceres");
  EXPECT_LT(largest_difference(found.gradient, expected), 1e-3 * expected.abs().max().item<double>());
}

TEST(Balance, IsRefusedWhereTheOptimizerComparesValues) {
  for (const std::string optimizer : {"apgd", "carlini_wagner", "nes", "spsa", "square"}) {
    const std::string plugin = "plugin = \"" + optimizer + "\"";
    const auto built = [&] {
      const Built refused(experiment("balance = \"gradient\"\n" + toward, similarity, plugin));
    };
    expect_in(error_of<ConfigError>(built), optimizer + " compares values");
  }
  const Scene scene(experiment("balance = \"gradient\"\n" + toward, similarity));
  EXPECT_FALSE(scene.built.assembly.optimizer->compares_values());
}

// ----------------------------------------------------------------------------------------------------------------
// draws

std::string similarity_of(const std::string& models, const std::string& more = "") {
  return "[[loss]]\nplugin = \"similarity\"\nmodels = [" + models + "]\n" + more;
}
const std::string dlib = "\"dlib\"", faceres = "\"faceres\"", both = dlib + ", " + faceres;
const std::string one_a_step = "draw_models = 1\n";

/// What the clean pictures come to in each of some steps.
std::vector<Evaluation> in_steps(const Scene& scene, std::int64_t count) {
  std::vector<Evaluation> all;
  ChainObjective objective = scene.objective();
  for ([[maybe_unused]] const auto step : objective.steps(count))
    all.push_back(objective.value_and_grad(scene.subjects.pixels));
  return all;
}

TEST(DrawnModels, CountAloneAndInFullAndAreOthersFromStepToStepAndFromPictureToPicture) {
  const Scene drawn(experiment(toward, similarity_of(both, one_a_step)));
  const auto alone = [](const std::string& model) {
    const Scene scene(experiment(toward, similarity_of(model)));
    return scene.objective().value_and_grad(scene.subjects.pixels);
  };
  const std::vector<Evaluation> each = {alone(dlib), alone(faceres)};
  std::set<std::pair<int, int>> ways;  // the model of the first picture, and that of the second
  for (const Evaluation& found : in_steps(drawn, 12)) {
    std::vector<int> which;
    for (std::int64_t r = 0; r < 2; ++r) {
      const auto is = [&](const Evaluation& one) {
        return std::abs(found.value[r].item<double>() - one.value[r].item<double>()) < 1e-5;
      };
      ASSERT_NE(is(each[0]), is(each[1])) << "one of the two";
      which.push_back(is(each[0]) ? 0 : 1);
      const Evaluation& one = each[static_cast<std::size_t>(which.back())];
      EXPECT_LT(largest_difference(found.gradient[r], one.gradient[r]),
                1e-3 * one.gradient[r].abs().max().item<double>());
      EXPECT_NEAR(found.margin[r].item<double>(), one.margin[r].item<double>(), 1e-5) << "the other was not asked";
    }
    ways.emplace(which[0], which[1]);
  }
  EXPECT_EQ(ways.size(), 4U);
}

TEST(DrawnModels, AreTheSameForAllEvaluationsOfAStepAndTheirCopies) {
  const Scene scene(experiment(toward, similarity_of(both, one_a_step)));
  ChainObjective objective = scene.objective();
  for ([[maybe_unused]] const auto step : objective.steps(4)) {
    const at::Tensor first = objective.value(scene.subjects.pixels);
    EXPECT_LT(largest_difference(objective.value(scene.subjects.pixels), first), 1e-6);
    const at::Tensor copies = objective.value(scene.subjects.pixels.repeat_interleave(2, 0));
    EXPECT_LT(largest_difference(copies, first.repeat_interleave(2)), 1e-5);
  }
}

TEST(DrawnModels, OfAPictureAreThoseThatItDrawsAlone) {
  const Scene scene(experiment(toward, similarity_of(both, one_a_step)));
  const std::vector<Evaluation> together = in_steps(scene, 6);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::span<const AttackInput> one = std::span(scene.inputs).subspan(i, 1);
    const Subjects subjects = scene.of(one);
    ChainObjective alone(scene.built.assembly, subjects, one);
    for (const auto step : alone.steps(6)) {
      EXPECT_NEAR(alone.value(subjects.pixels).item<double>(),
                  together[static_cast<std::size_t>(step)].value[static_cast<std::int64_t>(i)].item<double>(), 1e-4)
          << "step " << step;
    }
  }
}

TEST(DrawnModels, AreTheSameForLossesOnTheSameModels) {
  const std::string away = "[[loss]]\nplugin = \"dodging\"\nmodels = [" + both + "]\n" + one_a_step;
  const Scene two(experiment(toward, similarity_of(both, one_a_step) + away));
  const auto alone = [](const std::string& model) {
    const Scene scene(
        experiment(toward, similarity_of(model) + "[[loss]]\nplugin = \"dodging\"\nmodels = [" + model + "]\n"));
    return scene.objective().value(scene.subjects.pixels);
  };
  const at::Tensor first = alone(dlib), second = alone(faceres);
  for (const Evaluation& found : in_steps(two, 5)) {
    const at::Tensor nearest = at::minimum((found.value - first).abs(), (found.value - second).abs());
    EXPECT_LT(nearest.max().item<double>(), 1e-4) << "no mixture of the two";
  }
}

TEST(DrawnModels, CountByTheirGradientOverItsOwnSizeWhereTheyAreBalanced) {
  const Scene scene(experiment("balance = \"gradient\"\n" + toward, similarity_of(both, one_a_step + "weight = 3\n")));
  for (const Evaluation& found : in_steps(scene, 3)) {
    for (std::int64_t r = 0; r < 2; ++r) {
      const at::Tensor part = own(found.gradient[r], scene.subjects.rows[static_cast<std::size_t>(r)]);
      EXPECT_NEAR(part.abs().mean().item<double>(), 3, 1e-3);
    }
  }
}

TEST(DrawnModels, ThatAreAllTheModelsAreWhatCountsWithoutADraw) {
  const Scene all(experiment(toward, similarity_of(both))),
      drawn(experiment(toward, similarity_of(both, "draw_models = 2\n")));
  for (const Evaluation& found : in_steps(drawn, 2))
    EXPECT_TRUE(same_bits(found.value, all.objective().value(all.subjects.pixels)));
}

// ---------------------------------------------------------------------------------------------------------------
// pixels

const std::string l2 = "[[loss]]\nplugin = \"l2\"\nweight = 0.5\n";

/// The clean pictures with noise on what is theirs.
at::Tensor noisy(const Scene& scene) {
  return scene.subjects.pixels + scene.subjects.mask * noise(scene.subjects.pixels.sizes(), -4, 4, 5, at::kFloat);
}

TEST(LossesOnPixels, LookAtTheSubjectsOwnPixelsWhateverIsDoneToThem) {
  const std::string moving =
      "[[augment]]\nplugin = \"random_crop\"\nat = \"picture\"\n[[augment]]\nplugin = \"random_scale\"\n";
  for (const std::string attack : {"", "subject = \"crop\"\n"}) {
    const Scene plain(experiment(attack + toward, (attack.empty() ? similarity + moving : similarity))),
        with(experiment(attack + toward, l2 + (attack.empty() ? similarity + moving : similarity)));
    const at::Tensor x = noisy(with);
    const Evaluation a = plain.objective().value_and_grad(x), b = with.objective().value_and_grad(x);
    for (std::int64_t r = 0; r < 2; ++r) {
      const Subject& row = with.subjects.rows[static_cast<std::size_t>(r)];
      const at::Tensor change = own(x[r] - with.subjects.pixels[r], row);
      EXPECT_NEAR((b.value - a.value)[r].item<double>(), .5 * change.square().mean().item<double>(), 1e-4);
      const at::Tensor led = own((b.gradient - a.gradient)[r], row);
      EXPECT_LT(largest_difference(led, change / static_cast<double>(change.numel())), 1e-6);
    }
  }
}

TEST(LossesOnPixels, AreAddedAsTheyAreToBalancedGradients) {
  const std::string balanced = "balance = \"gradient\"\n" + toward;
  const Scene plain(experiment(balanced, similarity)), with(experiment(balanced, similarity + l2));
  const at::Tensor x = noisy(with);
  const at::Tensor led = with.objective().value_and_grad(x).gradient - plain.objective().value_and_grad(x).gradient;
  for (std::int64_t r = 0; r < 2; ++r) {
    const at::Tensor change = own(x[r] - with.subjects.pixels[r], with.subjects.rows[static_cast<std::size_t>(r)]);
    const at::Tensor expected = change / static_cast<double>(change.numel());
    EXPECT_LT(largest_difference(own(led[r], with.subjects.rows[static_cast<std::size_t>(r)]), expected), 1e-5);
  }
}

TEST(LossesOnPixels, AreOfOneGreyPictureInAllThreeChannels) {
  Scene scene(experiment(toward, similarity + l2));
  for (AttackInput& input : scene.inputs) {
    input.clean = input.clean.mean(1, true).expand_as(input.clean).contiguous();
    input.grey = true;
  }
  scene.subjects = scene.of(scene.inputs);
  ChainObjective objective = scene.objective();
  // What differs between channels, and not in their mean, is never delivered.
  const at::Tensor colour = at::tensor({1.F, -2.F, 1.F}).view({1, 3, 1, 1});
  const at::Tensor same = objective.value(scene.subjects.pixels);
  EXPECT_LT(largest_difference(objective.value(scene.subjects.pixels + colour * scene.subjects.mask), same), 1e-4);
}

}  // namespace
}  // namespace faceoff
