// The schedule of APGD's step size, by values that a test makes up.
#include <ATen/ATen.h>

#include "optimizers/toys.hpp"

namespace faceoff {
namespace {

/// Where each evaluation asks about, as a share of epsilon from the origin, with these values one after the other and a
/// gradient of 1 everywhere. With 40 steps there are checks after 8 steps, 7 more, 6 more…
std::vector<double> way(const std::function<double(std::int64_t)>& value) {
  const Budget budget(at::full({1, 3, 2, 2}, 128., at::kDouble), at::ones({1, 1, 2, 2}, at::kDouble), 8);
  Toy objective(
      [&](const at::Tensor& x, std::int64_t draw) {
        return Evaluation{at::full({1}, value(draw - 1), at::kDouble), at::ones_like(x), {}};
      },
      {1});
  make<Optimizer>("apgd", {{"steps", std::int64_t{40}}, {"same_draw", false}})->run(objective, budget);
  std::vector<double> shares;
  for (const at::Tensor& x : objective.gradients) shares.push_back((x[0][0][0][0].item<double>() - 128) / 8);
  return shares;
}

TEST(Apgd, KeepsItsStepWhereItHelps) {
  const std::vector<double> shares = way([](std::int64_t i) { return -static_cast<double>(i); });
  ASSERT_EQ(shares.size(), 41U);
  for (std::size_t i = 1; i <= 40; ++i) EXPECT_EQ(shares[i], -1) << "it stays at the border";
}

TEST(Apgd, GoesBackToItsBestPointWithHalfTheStepWhereTooFewStepsHelped) {
  // The values only rise: the start is best. A step of ε from there, .25 of the way from the border back to it added.
  const std::vector<double> shares = way([](std::int64_t i) { return static_cast<double>(i); });
  EXPECT_EQ(shares[0], 0);
  for (std::size_t i = 1; i <= 8; ++i) EXPECT_EQ(shares[i], -1) << i;
  EXPECT_EQ(shares[9], -.75 + .25);
  EXPECT_EQ(shares[10], -1);
  for (std::size_t i = 11; i <= 15; ++i) EXPECT_EQ(shares[i], -1) << i;
  EXPECT_EQ(shares[16], -.75 * .5 + .25) << "a quarter of the first step by now";
}

TEST(Apgd, GoesBackAlsoWhereTheBestPointIsStillTheSameAtTheSecondCheck) {
  // From a bad point on all steps help, but none gives a better point than the start.
  const std::vector<double> shares = way([](std::int64_t i) { return i == 0 ? 0. : 100. - static_cast<double>(i); });
  for (std::size_t i = 1; i <= 15; ++i) EXPECT_EQ(shares[i], -1) << "the first check lets it go on, " << i;
  EXPECT_EQ(shares[16], -.75 + .25) << "the second does not";
  EXPECT_EQ(shares[17], -1);
}

TEST(Apgd, AnswersWithItsBestPoint) {
  const Budget budget(at::full({1, 3, 2, 2}, 128., at::kDouble), at::ones({1, 1, 2, 2}, at::kDouble), 8);
  Toy objective(
      [&](const at::Tensor& x, std::int64_t draw) {
        return Evaluation{
            at::full({1}, draw == 11 ? -1. : static_cast<double>(draw), at::kDouble), at::ones_like(x), {}};
      },
      {1});
  const at::Tensor answer =
      make<Optimizer>("apgd", {{"steps", std::int64_t{40}}, {"same_draw", false}})->run(objective, budget);
  EXPECT_TRUE(same_bits(answer, objective.gradients[10]));
}

}  // namespace
}  // namespace faceoff
