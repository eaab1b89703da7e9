// What every optimizer owes its host: rows that are each alone, the same bits again, steps that can be stopped.
#include <ATen/ATen.h>

#include "optimizers/toys.hpp"

namespace faceoff {
namespace {

/// Three samples whose gradients differ by six orders of magnitude, and whose optimum lies partly out of reach; the
/// part of each that may change has its own size.
struct Bowls {
  Budget budget;
  at::Tensor optimum, weight;

  explicit Bowls(Norm norm)
      : budget(noise({3, 3, 11, 10}, 0, 255, 1).round(), mask(), norm == Norm::inf ? 8 : 60, norm),
        optimum(budget.origin + noise({3, 3, 11, 10}, -16, 16, 3)),
        weight(at::tensor({1e-3, 1., 1e3}, at::kDouble).view({3, 1, 1, 1}) * noise({3, 3, 11, 10}, .5, 2, 4)) {}

  static at::Tensor mask() {
    at::Tensor mask = at::ones({3, 1, 11, 10}, at::kDouble);
    mask[1].narrow(1, 0, 4).zero_();
    mask[2].narrow(2, 5, 5).zero_();
    return mask;
  }

  /// One of the three, or all of them.
  Toy objective(std::int64_t first, std::int64_t count) const {
    const at::Tensor some = optimum.narrow(0, first, count), w = weight.narrow(0, first, count);
    std::vector<std::uint64_t> keys;
    for (std::int64_t row = first; row < first + count; ++row) keys.push_back(static_cast<std::uint64_t>(100 + row));
    return {[=](const at::Tensor& x, std::int64_t) {
              const std::int64_t copies = x.size(0) / count;
              const at::Tensor away = x - some.repeat_interleave(copies, 0), each = w.repeat_interleave(copies, 0);
              return Evaluation{(each * away.square()).flatten(1).sum(1), 2 * each * away, {}};
            },
            keys};
  }
  Budget part(std::int64_t row) const {
    return {budget.origin.narrow(0, row, 1), budget.mask.narrow(0, row, 1), budget.epsilon, budget.norm};
  }
};

/// Few steps, and all that is random.
Parameters short_run(const std::string& name) {
  Parameters all = {{"steps", std::int64_t{name == "square" ? 60 : 9}}};
  if (name == "carlini_wagner") all.emplace_back("searches", std::int64_t{3});
  if (name == "nes" || name == "spsa") all.emplace_back("pairs", std::int64_t{2});
  if (name == "momentum_pgd") all.emplace_back("variance", std::int64_t{2});
  if (name != "square") all.emplace_back("random_start", true);
  return all;
}

class EachOptimizer : public testing::TestWithParam<std::string> {};

TEST_P(EachOptimizer, TreatsABatchAsItsSamplesStackedAndKeepsEachBudget) {
  for (const Norm norm : {Norm::inf, Norm::two}) {
    const Bowls bowls(norm);
    Toy together = bowls.objective(0, 3);
    const at::Tensor all = make<Optimizer>(GetParam(), short_run(GetParam()))->run(together, bowls.budget);
    expect_within(bowls.budget, all);
    for (std::int64_t row = 0; row < 3; ++row) {
      Toy alone = bowls.objective(row, 1);
      const at::Tensor one = make<Optimizer>(GetParam(), short_run(GetParam()))->run(alone, bowls.part(row));
      // A hyperbolic tangent's last bit goes by where in memory a value lies.
      EXPECT_LE(largest_difference(one[0], all[row]), GetParam() == "carlini_wagner" ? 1e-9 : 0) << "row " << row;
    }
  }
}

TEST_P(EachOptimizer, GivesTheSameBitsTheSecondTime) {
  const Bowls bowls(Norm::inf);
  const std::unique_ptr<Optimizer> optimizer = make<Optimizer>(GetParam(), short_run(GetParam()));
  Toy first = bowls.objective(0, 3), second = bowls.objective(0, 3);
  const at::Tensor once = optimizer->run(first, bowls.budget);
  EXPECT_TRUE(same_bits(optimizer->run(second, bowls.budget), once)) << "nothing is left of the first time";
}

TEST_P(EachOptimizer, StopsWhereTheHostSaysSo) {
  const Bowls bowls(Norm::inf);
  Toy whole = bowls.objective(0, 3), stopped = bowls.objective(0, 3);
  stopped.most_steps = 2;
  make<Optimizer>(GetParam(), short_run(GetParam()))->run(whole, bowls.budget);
  const at::Tensor answer = make<Optimizer>(GetParam(), short_run(GetParam()))->run(stopped, bowls.budget);
  expect_within(bowls.budget, answer);
  EXPECT_EQ(stopped.steps, 2);
  EXPECT_GT(whole.steps, 2);
  EXPECT_LT(stopped.seen.size(), whole.seen.size());
}

INSTANTIATE_TEST_SUITE_P(All, EachOptimizer, testing::ValuesIn(all_optimizers()),
                         [](const auto& name) { return name.param; });

TEST(Optimizers, StayWhereTheyAreWithoutAGradient) {
  for (const std::string name : {"pgd", "momentum_pgd", "apgd", "adam", "nes", "spsa"}) {
    for (const Norm norm : {Norm::inf, Norm::two}) {
      Bowls flat(norm);
      flat.weight.zero_();
      Toy objective = flat.objective(0, 3);
      Parameters parameters = {{"steps", std::int64_t{12}}};
      if (name == "nes" || name == "spsa") parameters.emplace_back("pairs", std::int64_t{2});
      const at::Tensor x = make<Optimizer>(name, parameters)->run(objective, flat.budget);
      EXPECT_TRUE(same_bits(x, flat.budget.origin)) << name;
    }
  }
}

TEST(Optimizers, ThatGoByScoresAskForNoGradient) {
  for (const std::string& name : score_optimizers) {
    const Bowls bowls(Norm::inf);
    Toy objective = bowls.objective(0, 3);
    make<Optimizer>(name, short_run(name))->run(objective, bowls.budget);
    EXPECT_TRUE(objective.gradients.empty()) << name;
    EXPECT_TRUE(make<Optimizer>(name)->compares_values()) << name;
  }
}

TEST(Optimizers, SayWhetherTheyCompareValues) {
  for (const std::string name : {"pgd", "momentum_pgd", "adam"})
    EXPECT_FALSE(make<Optimizer>(name)->compares_values()) << name;
  for (const std::string name : {"apgd", "carlini_wagner"})
    EXPECT_TRUE(make<Optimizer>(name)->compares_values()) << name;
}

}  // namespace
}  // namespace faceoff
