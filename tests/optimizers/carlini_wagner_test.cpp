// Carlini and Wagner's attack where the smallest change that reaches the goal is known.
#include <ATen/ATen.h>

#include "optimizers/toys.hpp"

namespace faceoff {
namespace {

/// The goal is reached beyond a plane, w·x > b, at a distance of its own from each of two grey pictures. The value is
/// what is missing, as a hinge.
struct Planes {
  Budget budget;
  at::Tensor normal, distance;
  bool with_margin = true;

  explicit Planes(double epsilon = 255)
      : budget(at::full({2, 3, 6, 6}, 120., at::kDouble), at::ones({2, 1, 6, 6}, at::kDouble), epsilon),
        normal(noise({2, 3, 6, 6}, -1, 1, 1)),
        distance(at::tensor({30., 90.}, at::kDouble)) {
    normal = normal / normal.flatten(1).norm(2, 1).view({2, 1, 1, 1});
  }

  Toy objective() const {
    return {[this](const at::Tensor& x, std::int64_t) {
              const at::Tensor missing = distance - (normal * (x - 120)).flatten(1).sum(1);
              const at::Tensor open = (missing > 0).to(at::kDouble).view({-1, 1, 1, 1});
              return Evaluation{missing.clamp_min(0), -normal * open, with_margin ? -missing : at::Tensor()};
            },
            {1, 2}};
  }

  at::Tensor attacked(const Parameters& parameters) const {
    Toy toy = objective();
    return make<Optimizer>("carlini_wagner", parameters)->run(toy, budget);
  }
  at::Tensor change(const at::Tensor& x) const { return (x - budget.origin).flatten(1).norm(2, 1); }
  at::Tensor beyond(const at::Tensor& x) const { return (normal * (x - 120)).flatten(1).sum(1) - distance; }
};

const Parameters thorough = {{"steps", std::int64_t{150}}, {"learning_rate", .02}};

TEST(CarliniWagner, FindsNearlyTheSmallestChangeThatReachesTheGoalOfEachSample) {
  for (const bool with_margin : {true, false}) {
    Planes planes;
    planes.with_margin = with_margin;
    const at::Tensor x = planes.attacked(thorough);
    expect_within(planes.budget, x);
    for (std::int64_t row = 0; row < 2; ++row) {
      const double shortest = planes.distance[row].item<double>(), found = planes.change(x)[row].item<double>();
      EXPECT_GE(planes.beyond(x)[row].item<double>(), 0) << "row " << row;
      EXPECT_LT(found, 1.1 * shortest) << "row " << row;
      EXPECT_GE(found, shortest * (1 - 1e-9)) << "row " << row;
    }
  }
}

TEST(CarliniWagner, ReachesTheGoalByAsMuchAsItIsToldTo) {
  const Planes planes;
  Parameters parameters = thorough;
  parameters.emplace_back("confidence", -10.);
  const at::Tensor beyond = planes.beyond(planes.attacked(parameters));
  for (std::int64_t row = 0; row < 2; ++row) {
    EXPECT_GT(beyond[row].item<double>(), -10);
    EXPECT_LT(beyond[row].item<double>(), -5) << "not further than needed";
  }
}

TEST(CarliniWagner, ComesAsNearAsTheBudgetAllowsWhereTheGoalIsOutOfReach) {
  const Planes planes(4);  // 30 is within reach of 4 a value, 90 is not
  const at::Tensor x = planes.attacked({{"steps", std::int64_t{300}}, {"learning_rate", .02}});
  expect_within(planes.budget, x);
  EXPECT_GE(planes.beyond(x)[0].item<double>(), -1e-9);
  const double best = 4 * planes.normal[1].abs().sum().item<double>();
  EXPECT_LT(best, 90);
  EXPECT_GT(planes.beyond(x)[1].item<double>() + 90, .9 * best);
}

TEST(CarliniWagner, LeavesWhatHasReachedTheGoalAlready) {
  Planes planes;
  planes.distance = at::tensor({-1., 40.}, at::kDouble);
  const at::Tensor x = planes.attacked(thorough);
  EXPECT_LT(planes.change(x)[0].item<double>(), 1e-6);
  EXPECT_GT(planes.change(x)[1].item<double>(), 39);
}

}  // namespace
}  // namespace faceoff
