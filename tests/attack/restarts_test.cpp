// Attacks that are made several times, and attacks that go by scores, under the host's objective.
#include <ATen/ATen.h>

#include "attack/attack.hpp"
#include "attack/scene.hpp"

namespace faceoff {
namespace {

const std::string at_random = "plugin = \"pgd\", steps = 3, random_start = true";

TEST(Restarts, StartFromOtherNumbersAndTheFirstFromTheSame) {
  const Scene scene(experiment(toward, similarity));
  ChainObjective objective = scene.objective();
  const auto drawn = [&] { return objective.random().uniform(0, 1, {3}); };
  const at::Tensor first = drawn();
  objective.restart(1);
  const at::Tensor second = drawn();
  objective.restart(2);
  EXPECT_FALSE(same_bits(second, first));
  EXPECT_FALSE(same_bits(drawn(), second));
  objective.restart(0);
  EXPECT_TRUE(same_bits(drawn(), first));
}

TEST(Restarts, KeepEachSubjectsBestAndAddUpQueriesAndSteps) {
  constexpr std::int64_t restarts = 4;
  const Scene scene(experiment("epsilon = 4\nrestarts = 4\n" + toward, similarity, at_random));
  const std::vector<AttackResult> results = attack(scene.built.assembly, scene.inputs, {});
  // The same attacks one by one.
  ChainObjective objective = scene.objective();
  std::vector<at::Tensor> answers, margins;
  for (std::int64_t i = 0; i < restarts; ++i) {
    objective.restart(i);
    answers.push_back(scene.built.assembly.optimizer->run(objective, objective.budget()));
    margins.push_back(scene.objective().evaluate(answers.back()).margin);
  }
  const at::Tensor best = at::stack(margins).argmax(0);
  EXPECT_GT(largest_difference(margins[0], margins[1]), 0) << "else there is nothing to choose";
  for (std::int64_t s = 0; s < 2; ++s) {
    const auto i = static_cast<std::size_t>(s);
    const Subject& row = scene.subjects.rows[i];
    const at::Tensor chosen = answers[static_cast<std::size_t>(best[s].item<std::int64_t>())][s];
    const at::Tensor pixels = chosen.narrow(1, 0, row.height).narrow(2, 0, row.width);
    // Rounded, and within the whole numbers that epsilon allows.
    EXPECT_LE(largest_difference(results[i].pixels[0].to(at::kFloat), pixels), 1) << "subject " << s;
    EXPECT_EQ(results[i].trace.size(), 3U * restarts);
    EXPECT_EQ(results[i].queries, (3 + 1) * restarts) << "the last point of each is looked at too";
  }
}

TEST(Restarts, AreNotMadeOnceEverySubjectHasReachedItsGoal) {
  const Scene scene(experiment("restarts = 4\nstop_at = 10.0\n" + toward, similarity, at_random));
  for (const AttackResult& result : attack(scene.built.assembly, scene.inputs, {})) {
    EXPECT_EQ(result.queries, 1) << "any value is below 10";
    EXPECT_EQ(result.trace.size(), 1U);
  }
}

TEST(Restarts, OfAnAttackWithoutAGoalKeepTheLowestObjective) {
  const std::string dodging = "[[loss]]\nplugin = \"dodging\"\nmodels = [\"faceres\"]\n";
  const Scene scene(experiment("epsilon = 4\nrestarts = 3\n", dodging, at_random), false);
  ASSERT_FALSE(scene.objective().evaluate(scene.subjects.pixels).margin.isfinite().any().item<bool>());
  const std::vector<AttackResult> results = attack(scene.built.assembly, scene.inputs, {});
  ChainObjective objective = scene.objective();
  std::vector<at::Tensor> values, answers;
  for (std::int64_t i = 0; i < 3; ++i) {
    objective.restart(i);
    answers.push_back(scene.built.assembly.optimizer->run(objective, objective.budget()));
    values.push_back(scene.objective().value(answers.back()));
  }
  const at::Tensor lowest = at::stack(values).argmin(0);
  for (std::int64_t s = 0; s < 2; ++s) {
    const Subject& row = scene.subjects.rows[static_cast<std::size_t>(s)];
    const at::Tensor chosen = answers[static_cast<std::size_t>(lowest[s].item<std::int64_t>())][s];
    EXPECT_LE(largest_difference(results[static_cast<std::size_t>(s)].pixels[0].to(at::kFloat),
                                 chosen.narrow(1, 0, row.height).narrow(2, 0, row.width)),
              1);
  }
}

TEST(KeepBest, GoesByTheObjectiveWhereNoMarginIsKnown) {
  const std::string dodging = "[[loss]]\nplugin = \"dodging\"\nmodels = [\"faceres\"]\n";
  const Scene scene(experiment("epsilon = 4\nkeep = \"best\"\n", dodging), false);
  ChainObjective objective = scene.objective();
  const at::Tensor worse = scene.subjects.pixels,
                   better = scene.built.assembly.optimizer->run(objective, objective.budget());
  const at::Tensor low = objective.value(better);
  EXPECT_LT(low.max().item<double>(), objective.value(worse).min().item<double>());
  EXPECT_TRUE(same_bits(objective.with_kept(worse), better));
}

TEST(Fitness, GoesByAKnownMarginBeforeTheObjective) {
  const at::Tensor values = at::tensor({1., -9., 3.}, at::kDouble), margins = at::tensor({-.5, NAN, .25}, at::kDouble);
  const std::vector<Fitness> known = fitness_of(values, margins), unknown = fitness_of(values, {});
  EXPECT_GT(known[2], known[0]);
  EXPECT_GT(known[0], known[1]);
  EXPECT_GT(unknown[1], unknown[0]);
  EXPECT_GT(unknown[0], unknown[2]);
}

class UnderTheHost : public testing::TestWithParam<std::string> {
 protected:
  /// A short run with whatever costs queries turned down.
  static std::string optimizer() {
    const std::string name = GetParam();
    if (name == "square") return "plugin = \"square\", steps = 6";
    if (name == "carlini_wagner") return "plugin = \"carlini_wagner\", steps = 3, searches = 2";
    if (name == "nes" || name == "spsa") return "plugin = \"" + name + "\", steps = 3, pairs = 2";
    return "plugin = \"" + name + "\", steps = 6";
  }
};

TEST_P(UnderTheHost, EndsOnceEverySubjectHasReachedItsGoal) {
  const Scene whole(experiment("epsilon = 4\n" + toward, similarity, optimizer()));
  const Scene stopping(experiment("epsilon = 4\nstop_at = 10.0\n" + toward, similarity, optimizer()));
  const std::vector<AttackResult> all = attack(whole.built.assembly, whole.inputs, {}),
                                  some = attack(stopping.built.assembly, stopping.inputs, {});
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_LT(some[i].queries, all[i].queries);
    EXPECT_LE(some[i].trace.size(), 1U);
    const at::Tensor change = all[i].pixels.to(at::kFloat) - whole.inputs[i].clean;
    EXPECT_LE(change.abs().max().item<double>(), 4);
  }
}

TEST_P(UnderTheHost, DeliversTheBestMeasuredPointWhereAsked) {
  const Scene scene(experiment("epsilon = 4\nkeep = \"best\"\n" + toward, similarity, optimizer()));
  ChainObjective objective = scene.objective();
  const at::Tensor answer = scene.built.assembly.optimizer->run(objective, objective.budget());
  const at::Tensor kept = scene.objective().evaluate(objective.with_kept(answer)).margin;
  // A point that was measured: the answer of random search, the start of all others.
  const at::Tensor measured = GetParam() == "square" ? answer : scene.subjects.pixels;
  const at::Tensor other = scene.objective().evaluate(measured).margin;
  for (std::int64_t s = 0; s < 2; ++s) EXPECT_GE(kept[s].item<double>(), other[s].item<double>() - 1e-6);
}

INSTANTIATE_TEST_SUITE_P(All, UnderTheHost,
                         testing::Values("pgd", "momentum_pgd", "apgd", "adam", "carlini_wagner", "nes", "spsa",
                                         "square"),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace faceoff
