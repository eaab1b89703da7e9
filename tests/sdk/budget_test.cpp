#include <faceoff/budget.hpp>

#include <ATen/ATen.h>

#include "support.hpp"

namespace faceoff {
namespace {

Budget budget_of(double epsilon, Norm norm) {
  const at::Tensor origin = noise({2, 3, 5, 7}, 0, 255, 1).round();
  const at::Tensor mask = (noise({2, 1, 5, 7}, 0, 1, 2) < .7).to(at::kDouble);
  return {origin, mask, epsilon, norm};
}

at::Tensor lengths(const at::Tensor& difference) {
  return difference.flatten(1).norm(2, 1);
}

TEST(Budget, ProjectingKeepsWithinEpsilonTheMaskAndTheValidRange) {
  const Budget budget = budget_of(8.5, Norm::inf);
  const at::Tensor projected = budget.project(budget.origin + noise({2, 3, 5, 7}, -40, 40, 3));
  const at::Tensor difference = (projected - budget.origin).abs();
  EXPECT_LE(difference.max().item<double>(), 8.5 + 1e-12);
  EXPECT_GT(difference.max().item<double>(), 8.4);
  EXPECT_EQ((difference * (1 - budget.mask)).max().item<double>(), 0);
  EXPECT_GE(projected.min().item<double>(), 0);
  EXPECT_LE(projected.max().item<double>(), 255);
  EXPECT_EQ(budget.excess(projected).max().item<double>(), 0);
}

TEST(Budget, ProjectingGivesTheNearestPointForTheInfinityNorm) {
  const Budget budget(at::tensor({2., 100., 253., 50.}, at::kDouble).view({1, 1, 2, 2}),
                      at::tensor({1., 1., 1., 0.}, at::kDouble).view({1, 1, 2, 2}), 8, Norm::inf);
  const at::Tensor x = at::tensor({-20., 103., 300., 60.}, at::kDouble).view({1, 1, 2, 2});
  EXPECT_TRUE(same_bits(budget.project(x), at::tensor({0., 103., 255., 50.}, at::kDouble).view({1, 1, 2, 2})));
}

TEST(Budget, ProjectingKeepsEachSamplesLengthForTheTwoNorm) {
  const Budget budget = budget_of(30, Norm::two);
  const at::Tensor far = budget.project(budget.origin + noise({2, 3, 5, 7}, -40, 40, 4));
  EXPECT_LE(lengths(far - budget.origin).max().item<double>(), 30 + 1e-9);
  EXPECT_GT(lengths(far - budget.origin).min().item<double>(), 29.9);
  EXPECT_EQ(((far - budget.origin) * (1 - budget.mask)).abs().max().item<double>(), 0);
  EXPECT_GE(far.min().item<double>(), 0);
  EXPECT_LE(far.max().item<double>(), 255);
  // What is within already stays where it is.
  const at::Tensor near = (budget.origin + budget.mask * noise({2, 3, 5, 7}, -.1, .1, 5)).clamp(0, 255);
  EXPECT_LT(largest_difference(budget.project(near), near), 1e-12);
}

TEST(Budget, ProjectsTheCopiesOfEachRowToThatRowsBudget) {
  for (const Norm norm : {Norm::inf, Norm::two}) {
    const Budget budget = budget_of(12, norm);
    const at::Tensor copies =
        budget.origin.repeat_interleave(3, 0) + noise({6, 3, 5, 7}, -40, 40, 6);  // a0 a1 a2 b0 b1 b2
    const at::Tensor projected = budget.project(copies);
    for (std::int64_t copy = 0; copy < 3; ++copy) {
      const at::Tensor alone = budget.project(at::stack({copies[copy], copies[3 + copy]}));
      EXPECT_TRUE(same_bits(at::stack({projected[copy], projected[3 + copy]}), alone));
    }
  }
}

TEST(Budget, TheDirectionIsTheSignOrTheUnitGradientWithinTheMask) {
  at::Tensor gradient = noise({4, 3, 5, 7}, -1e-25, 1e-25, 7);  // two copies a row, and squares that vanish in float
  const Budget box = budget_of(12, Norm::inf), ball = budget_of(12, Norm::two);
  const at::Tensor mask = box.mask.repeat_interleave(2, 0);
  EXPECT_TRUE(same_bits(box.direction(gradient), (gradient * mask).sign()));
  const at::Tensor along = ball.direction(gradient.to(at::kFloat)).to(at::kDouble);
  EXPECT_LT(largest_difference(along.flatten(1).norm(2, 1), at::ones({4}, at::kDouble)), 1e-6);
  const at::Tensor exact = gradient * mask / (gradient * mask).flatten(1).norm(2, 1).view({-1, 1, 1, 1});
  EXPECT_LT(largest_difference(along, exact), 1e-6);
  gradient[1].zero_();
  EXPECT_EQ(ball.direction(gradient)[1].abs().max().item<double>(), 0);
}

TEST(Budget, ExcessSaysByHowMuchEachRowBreaksTheBudget) {
  const at::Tensor origin = at::full({4, 1, 1, 2}, 100., at::kDouble);
  at::Tensor mask = at::ones({4, 1, 1, 2}, at::kDouble);
  mask[3][0][0][1] = 0;
  at::Tensor x = origin.clone();
  x[1][0][0][0] = 110;  // 2 beyond 8
  x[2][0][0][1] = 89;   // 3 beyond 8
  x[3][0][0][1] = 104;  // 4 where nothing may change
  EXPECT_LT(largest_difference(Budget(origin, mask, 8, Norm::inf).excess(x), at::tensor({0., 2., 3., 4.})), 1e-9);
  x = origin.clone();
  x[1] += 8;  // length 8·√2
  x[2][0][0][0] += 8;
  const at::Tensor expected = at::tensor({-8., 8 * std::sqrt(2.) - 8, 0., -8.}, at::kDouble).clamp_min(0);
  EXPECT_LT(largest_difference(Budget(origin, mask, 8, Norm::two).excess(x), expected), 1e-9);
  // The valid range counts too.
  const Budget bright(at::full({1, 1, 1, 1}, 250., at::kDouble), at::ones({1, 1, 1, 1}, at::kDouble), 8, Norm::inf);
  EXPECT_NEAR(bright.excess(at::full({1, 1, 1, 1}, 256.5, at::kDouble)).item<double>(), 1.5, 1e-9);
}

}  // namespace
}  // namespace faceoff
