#include <faceoff/random.hpp>

#include <ATen/ATen.h>

#include "support.hpp"

namespace faceoff {
namespace {

TEST(Random, TheSameSeedGivesTheSameBits) {
  const auto draw = [](std::uint64_t seed) {
    Random random(seed, {11, 12});
    random.start_step(4);
    return at::cat({random.uniform(0, 1, {40}), random.normal(0, 1, {40}), random.integers(0, 99, {40}).to(at::kFloat)},
                   1);
  };
  EXPECT_TRUE(same_bits(draw(5), draw(5)));
  EXPECT_FALSE(same_bits(draw(5), draw(6)));
}

TEST(Random, ARowsNumbersDependNeitherOnTheBatchNorOnItsOrder) {
  const auto draw = [](std::vector<std::uint64_t> rows) {
    Random random(5, std::move(rows));
    random.start_step(2);
    random.uniform(0, 1);
    return std::vector<at::Tensor>{random.uniform(-3, 3, {3, 17}), random.normal(1, 2, {50}), random.integers(0, 9)};
  };
  const auto together = draw({101, 202, 303}), turned = draw({303, 101}), alone = draw({202});
  for (std::size_t i = 0; i < together.size(); ++i) {
    EXPECT_TRUE(same_bits(together[i][2], turned[i][0]));
    EXPECT_TRUE(same_bits(together[i][0], turned[i][1]));
    EXPECT_TRUE(same_bits(together[i][1], alone[i][0]));
  }
  EXPECT_FALSE(same_bits(together[0][0], together[0][1]));
}

TEST(Random, StepsAndDrawsDifferAndAStepCanBeTakenAgain) {
  Random random(5, {1});
  random.start_step(0);
  const at::Tensor first = random.uniform(0, 1, {8}), second = random.uniform(0, 1, {8});
  random.start_step(1);
  const at::Tensor later = random.uniform(0, 1, {8});
  EXPECT_FALSE(same_bits(first, second));
  EXPECT_FALSE(same_bits(first, later));
  EXPECT_FALSE(same_bits(second, later));
  random.start_step(0);
  EXPECT_TRUE(same_bits(random.uniform(0, 1, {8}), first));
}

TEST(Random, DerivedRowsHaveNumbersOfTheirOwnThatDependOnTheirParentAlone) {
  const auto derive = [](std::vector<std::uint64_t> rows, const std::vector<std::int64_t>& parents,
                         const std::string& purpose = "test") {
    Random random(5, std::move(rows));
    random.start_step(3);
    return random.derive(parents, purpose).uniform(0, 1, {4});
  };
  const at::Tensor four = derive({7, 8}, {0, 0, 1, 1});
  for (std::int64_t i = 0; i < 4; ++i) {
    for (std::int64_t j = 0; j < i; ++j) EXPECT_FALSE(same_bits(four[i], four[j])) << i << " and " << j;
  }
  const at::Tensor alone = derive({8}, {0, 0});
  EXPECT_TRUE(same_bits(four[2], alone[0]));
  EXPECT_TRUE(same_bits(four[3], alone[1]));
  EXPECT_FALSE(same_bits(derive({8}, {0, 0}, "other"), alone));
}

TEST(Random, DerivedRowsDifferAlsoWhereCopiesAreNotAdjacent) {
  Random random(5, {7, 8});
  const at::Tensor numbers = random.derive({0, 1, 0}, "test").uniform(0, 1, {4});
  EXPECT_FALSE(same_bits(numbers[0], numbers[2]));
}

TEST(Random, DerivedNumbersDependOnTheirPurposeAndNotOnWhatWasDrawnBefore) {
  Random random(5, {7});
  const at::Tensor first = random.derive({0}, "test").uniform(0, 1, {4});
  random.uniform(0, 1);
  random.derive({0}, "other");
  EXPECT_TRUE(same_bits(first, random.derive({0}, "test").uniform(0, 1, {4})));
}

TEST(Random, DerivedNumbersChangeFromStepToStep) {
  Random random(5, {7});
  random.start_step(0);
  const at::Tensor first = random.derive({0}, "test").uniform(0, 1, {4});
  random.start_step(1);
  EXPECT_FALSE(same_bits(first, random.derive({0}, "test").uniform(0, 1, {4})));
}

TEST(Random, NumbersHaveTheRangeAndTheDistributionThatWasAskedFor) {
  Random random(9, {1, 2});
  const at::Tensor uniform = random.uniform(-2, 6, {20000});
  EXPECT_EQ(uniform.sizes(), (std::vector<std::int64_t>{2, 20000}));
  EXPECT_GE(uniform.min().item<double>(), -2);
  EXPECT_LT(uniform.max().item<double>(), 6);
  EXPECT_NEAR(uniform.mean().item<double>(), 2, .06);
  const at::Tensor normal = random.normal(3, 2, {20000});
  EXPECT_NEAR(normal.mean().item<double>(), 3, .05);
  EXPECT_NEAR(normal.std().item<double>(), 2, .05);
  const at::Tensor dice = random.integers(1, 6, {600});
  EXPECT_EQ(dice.scalar_type(), at::kLong);
  for (std::int64_t face = 1; face <= 6; ++face) {
    EXPECT_NEAR((dice == face).sum().item<double>(), 200, 60) << face;  // both ends belong to the range
  }
  EXPECT_EQ(((dice < 1) + (dice > 6)).sum().item<std::int64_t>(), 0);
  EXPECT_TRUE(same_bits(random.integers(4, 4), at::full({2}, 4, at::kLong)));
}

TEST(Random, NumbersHaveTheTypeThatWasAskedFor) {
  EXPECT_EQ(Random(1, {1}, at::TensorOptions(at::kDouble)).uniform(0, 1).scalar_type(), at::kDouble);
  EXPECT_EQ(Random(1, {1}).normal(0, 1).scalar_type(), at::kFloat);
}

}  // namespace
}  // namespace faceoff
