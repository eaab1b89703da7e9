// Optimizers that compare two points where what they are measured with is random.
#include <ATen/ATen.h>

#include "optimizers/toys.hpp"

namespace faceoff {
namespace {

/// A bowl whose values are shifted, in each draw by another number that is far larger than what a step changes.
struct ShiftedBowl {
  Budget budget{at::full({2, 3, 8, 8}, 128., at::kDouble), at::ones({2, 1, 8, 8}, at::kDouble), 8};
  at::Tensor optimum = 128 + noise({2, 3, 8, 8}, -12, 12, 1);

  Toy objective(double shift) const {
    return {[=, this](const at::Tensor& x, std::int64_t draw) {
              const at::Tensor away = x - optimum.repeat_interleave(x.size(0) / 2, 0);
              const double shifted = shift * noise({1}, -1, 1, static_cast<std::uint64_t>(draw)).item<double>();
              return Evaluation{away.square().flatten(1).sum(1) + shifted, 2 * away, {}};
            },
            {1, 2}};
  }

  /// How far from the lowest value the answer is, of what was to be gained: [2].
  at::Tensor missed(const std::string& name, const Parameters& parameters, double shift) const {
    Toy noisy = objective(shift), plain = objective(0);
    const at::Tensor x = make<Optimizer>(name, parameters)->run(noisy, budget);
    const at::Tensor lowest = plain.value(budget.project(optimum));
    return (plain.value(x) - lowest) / (plain.value(budget.origin) - lowest);
  }
};

Parameters comparing(const std::string& name, bool same_draw) {
  return {{"steps", std::int64_t{name == "apgd" ? 60 : 1500}}, {"same_draw", same_draw}};
}

TEST(Draws, TwoPointsAreComparedUnderOne) {
  const ShiftedBowl bowl;
  for (const std::string name : {"apgd", "square"}) {
    const at::Tensor quiet = bowl.missed(name, comparing(name, true), 0);
    const at::Tensor shifted = bowl.missed(name, comparing(name, true), 1e5);
    EXPECT_LT(largest_difference(shifted, quiet), 1e-9) << name << ": the shift falls out of each comparison";
    const at::Tensor misled = bowl.missed(name, comparing(name, false), 1e5);
    EXPECT_GT(largest_difference(misled, quiet), 1e-4) << name << ": values of two draws say nothing";
  }
}

TEST(Draws, ApgdGivesTheLowestOfItsPointsWhateverTheyWereMeasuredUnder) {
  const ShiftedBowl bowl;
  for (const bool same_draw : {true, false}) {
    Toy noisy = bowl.objective(1e5), plain = bowl.objective(0);
    const at::Tensor x = make<Optimizer>("apgd", comparing("apgd", same_draw))->run(noisy, bowl.budget);
    std::vector<at::Tensor> values;
    for (const at::Tensor& point : noisy.gradients) values.push_back(plain.value(point));
    const at::Tensor above = plain.value(x) - at::stack(values).amin(0);
    if (same_draw) {
      EXPECT_EQ(above.abs().max().item<double>(), 0);
    } else {
      EXPECT_GT(above.max().item<double>(), 0) << "and else it would not need to";
    }
  }
}

TEST(Draws, AreTwoMoreValuesAStepOrNone) {
  const ShiftedBowl bowl;
  for (const bool same_draw : {false, true}) {
    Toy objective = bowl.objective(0);
    make<Optimizer>("apgd", comparing("apgd", same_draw))->run(objective, bowl.budget);
    EXPECT_EQ(objective.gradients.size(), 61U);
    EXPECT_EQ(objective.seen.size(), same_draw ? 61U + 120U : 61U);
  }
}

TEST(Draws, APairOfPointsIsLookedAtUnderOne) {
  const ShiftedBowl bowl;
  for (const std::string name : {"nes", "spsa"}) {
    const Parameters parameters = {{"steps", std::int64_t{40}}, {"pairs", std::int64_t{20}}};
    const at::Tensor quiet = bowl.missed(name, parameters, 0), shifted = bowl.missed(name, parameters, 1e5);
    EXPECT_LT(quiet.max().item<double>(), .2) << name;
    EXPECT_LT(largest_difference(shifted, quiet), .01) << name;
  }
}

}  // namespace
}  // namespace faceoff
