// Which of several candidate targets a face is led to.
#include "attack/target_choice.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "attack/scene.hpp"

namespace faceoff {
namespace {

at::Tensor rows(const std::vector<double>& values, at::IntArrayRef shape) {
  return at::tensor(values, at::kDouble).view(shape);
}

std::vector<std::int64_t> entries(const at::Tensor& chosen) {
  return {chosen.const_data_ptr<std::int64_t>(), chosen.const_data_ptr<std::int64_t>() + chosen.numel()};
}

TEST(Likeness, IsTheMeanCosineWithEachTargetAndLessThanAnyWithPadding) {
  // The first face's targets have two photos and one; the second face has one target.
  const at::Tensor targets = rows({1, 0, 0, 1, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}, {2, 2, 2, 2});
  const at::Tensor found = likeness(rows({.6, .8, 1, 0}, {2, 2}), mean_of_photos(targets));
  EXPECT_LT(largest_difference(found, rows({.7, -.6, 0, -2}, {2, 2})), 1e-12) << found;
}

TEST(TargetChoice, IsTheOneThatTheModelsTogetherFindNearest) {
  const LoadedModel first, second;
  TargetChoice choice;
  choice.choose();
  EXPECT_FALSE(choice.chosen().defined()) << "there is nothing to choose";
  choice.note(first, rows({.9, .1, .5, .2, .1, .3}, {2, 3}), {0, 1});
  choice.note(second, rows({.0, .2, .7, .1, .6, .2}, {2, 3}), {0, 1});
  EXPECT_FALSE(choice.chosen().defined());
  choice.choose();
  EXPECT_EQ(entries(choice.chosen()), (std::vector<std::int64_t>{2, 1}));

  // Two draws of the second face, and none of the first: the one is averaged, the other stays.
  choice.note(first, rows({0, 0, 0, 1.8, 0, 0}, {2, 3}), {1, 1});
  EXPECT_EQ(entries(choice.chosen()), (std::vector<std::int64_t>{2, 1})) << "until it is chosen anew";
  choice.choose();
  EXPECT_EQ(entries(choice.chosen()), (std::vector<std::int64_t>{2, 0}));
}

/// A scene whose faces have four candidates.
struct Candidates : Scene {
  explicit Candidates(const std::string& loss)
      : Scene(experiment("target = { choice = \"gain\", candidates = 4 }\nepsilon = 16\n", loss)) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      std::vector<Target>& candidates = inputs[i].targets.front();
      candidates.assign(4, {});
      for (std::size_t t = 0; t < 4; ++t) {
        for (const LoadedModel* model : built.assembly.surrogates) {
          const std::int64_t length = model->plugin == "face_recognition" ? 128 : 1024;
          const at::Tensor raw =
              noise({2, length}, -1, 1, 100 * i + 10 * t + static_cast<std::size_t>(length), at::kFloat);
          candidates[t].attacked[model] = raw / raw.norm(2, 1, true);
        }
      }
    }
  }
};

/// The same scene led to one of the candidates alone.
at::Tensor value_toward(const Scene& scene, std::size_t candidate, const at::Tensor& x) {
  std::vector<AttackInput> inputs = scene.inputs;
  for (AttackInput& input : inputs) input.targets = {{input.targets.front()[candidate]}};
  ChainObjective objective(scene.built.assembly, scene.subjects, inputs);
  return objective.value(x);
}

TEST(TargetChoice, IsTheSameForAllModelsOfAnEnsembleWhateverTheLoss) {
  for (const std::string loss : {"similarity", "push_pull", "target_gain"}) {
    const Candidates scene("[[loss]]\nplugin = \"" + loss + "\"\nmodels = [\"dlib\", \"faceres\"]\n");
    const at::Tensor clean = scene.subjects.pixels;
    ChainObjective objective = scene.objective();
    at::Tensor x = clean;
    for ([[maybe_unused]] const auto step : objective.steps(3)) {
      const Evaluation found = objective.value_and_grad(x);
      at::Tensor fit = at::zeros({2}, at::kLong);
      for (std::size_t t = 0; t < 4; ++t) fit += (found.value - value_toward(scene, t, x)).abs() < 1e-6;
      EXPECT_TRUE(fit.eq(1).all().item<bool>()) << loss << ": both models are led to one and the same\n" << fit;
      x = objective.budget().project(x - 4 * found.gradient.sign());
    }
  }
}

TEST(TargetChoice, FollowsTheFaceFromStepToStep) {
  const Candidates scene(similarity);
  // From the clean face's nearest to another one, toward which somebody else has led it.
  const auto chosen = [&](ChainObjective& objective, const at::Tensor& x) {
    const double found = objective.value(x)[0].item<double>();
    for (std::size_t t = 0; t < 4; ++t) {
      if (std::abs(value_toward(scene, t, x)[0].item<double>() - found) < 1e-6) return t;
    }
    ADD_FAILURE() << "none of them";
    return std::size_t{4};
  };
  ChainObjective objective = scene.objective();
  std::size_t first = 4;
  for ([[maybe_unused]] const auto step : objective.steps(1)) first = chosen(objective, scene.subjects.pixels);
  const std::size_t other = (first + 1) % 4;
  std::vector<AttackInput> inputs = scene.inputs;
  for (AttackInput& input : inputs) input.targets = {{input.targets.front()[other]}};
  ChainObjective leading(scene.built.assembly, scene.subjects, inputs);
  const at::Tensor there = scene.built.assembly.optimizer->run(leading, leading.budget());
  for (const auto step : objective.steps(2))
    EXPECT_EQ(chosen(objective, there), step == 0 ? first : other) << "by what the step before came to";
  objective.restart(1);
  for ([[maybe_unused]] const auto step : objective.steps(1))
    EXPECT_EQ(chosen(objective, there), first) << "a restart chooses by the clean face again";
}

}  // namespace
}  // namespace faceoff
