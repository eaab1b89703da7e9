// The two optimizers that every guide names, on a toy whose optimum is known.
#include <ATen/ATen.h>

#include "support.hpp"

namespace faceoff {
namespace {

/// Σ weight·(x − optimum)² a row.
class Quadratic : public Objective {
 public:
  Quadratic(at::Tensor optimum, at::Tensor weight, std::vector<std::uint64_t> keys)
      : optimum_(std::move(optimum)), weight_(std::move(weight)), random_(1, std::move(keys), at::kDouble) {}

  at::Tensor reached(const at::Tensor& x) override { return at::zeros({x.size(0)}, at::kBool); }
  Random& random() override { return random_; }

  std::vector<at::Tensor> seen;
  std::int64_t last = 1 << 20;

 protected:
  Evaluation answer(const at::Tensor& x, bool gradient, Draw) override {
    if (gradient) seen.push_back(x.clone());
    return {(weight_ * (x - optimum_).square()).flatten(1).sum(1),
            gradient ? 2 * weight_ * (x - optimum_) : at::Tensor(),
            {}};
  }
  bool start_step(std::int64_t step, std::int64_t) override {
    random_.start_step(step);
    return step <= last;
  }

 private:
  at::Tensor optimum_, weight_;
  Random random_;
};

struct Problem {
  Budget budget;
  at::Tensor optimum, weight;

  Quadratic objective() const { return {optimum, weight, keys()}; }
  /// One of the batch alone.
  Problem single(std::int64_t row) const {
    return {Budget(budget.origin.narrow(0, row, 1), budget.mask.narrow(0, row, 1), budget.epsilon, budget.norm),
            optimum.narrow(0, row, 1), weight.narrow(0, row, 1)};
  }
  std::vector<std::uint64_t> keys() const {
    std::vector<std::uint64_t> all;
    // A row's key is its own, not its place's.
    for (std::int64_t r = 0; r < optimum.size(0); ++r) {
      all.push_back(hash(std::to_string(optimum[r].sum().item<double>())));
    }
    return all;
  }
};

/// Three samples whose gradients differ by twelve orders of magnitude, and whose optimum lies partly out of reach.
Problem problem(Norm norm = Norm::inf, double epsilon = 8) {
  const at::Tensor origin = noise({3, 3, 6, 5}, 0, 255, 1).round();
  const at::Tensor mask = (noise({3, 1, 6, 5}, 0, 1, 2) < .8).to(at::kDouble);
  const at::Tensor scale = at::tensor({1e-6, 1., 1e6}, at::kDouble).view({3, 1, 1, 1});
  return {Budget(origin, mask, epsilon, norm), origin + noise({3, 3, 6, 5}, -16, 16, 3),
          scale * noise({3, 3, 6, 5}, .5, 2, 4)};
}

at::Tensor run(const std::string& optimizer, const Parameters& parameters, const Problem& problem) {
  Quadratic objective = problem.objective();
  return make<Optimizer>(optimizer, parameters)->run(objective, problem.budget);
}

void expect_within(const Budget& budget, const at::Tensor& x) {
  EXPECT_LE(budget.excess(x).max().item<double>(), 1e-9);
  EXPECT_EQ(((x - budget.origin) * (1 - budget.mask)).abs().max().item<double>(), 0);
}

TEST(Pgd, EndsWithinAStepOfTheBestThatTheBudgetAllows) {
  const Problem p = problem();
  const at::Tensor x = run("pgd", {{"steps", std::int64_t{100}}, {"step_size", .25}}, p);
  expect_within(p.budget, x);
  EXPECT_LE(largest_difference(x, p.budget.project(p.optimum)), .25);
}

TEST(Pgd, TakesStepsOfItsSizeAlongTheSign) {
  const Problem p = problem();
  Quadratic objective = p.objective();
  const at::Tensor x =
      make<Optimizer>("pgd", {{"steps", std::int64_t{3}}, {"step_size", 1.5}})->run(objective, p.budget);
  ASSERT_EQ(objective.seen.size(), 3U);
  EXPECT_TRUE(same_bits(objective.seen[0], p.budget.origin));
  at::Tensor expected = p.budget.origin;
  for (int step = 0; step < 3; ++step) expected = p.budget.project(expected + 1.5 * (p.optimum - expected).sign());
  EXPECT_TRUE(same_bits(x, expected));
}

TEST(Pgd, FindsTheNearestPointOfTheBallForTheTwoNorm) {
  const Problem p{Budget(at::full({3, 3, 6, 5}, 120., at::kDouble), at::ones({3, 1, 6, 5}, at::kDouble), 20, Norm::two),
                  120 + noise({3, 3, 6, 5}, -16, 16, 3),
                  at::tensor({1e-6, 1., 1e6}, at::kDouble).view({3, 1, 1, 1}).expand({3, 3, 6, 5})};
  const at::Tensor x = run("pgd", {{"steps", std::int64_t{200}}, {"step_size", .5}}, p);
  expect_within(p.budget, x);
  const at::Tensor toward = p.optimum - 120;
  const at::Tensor nearest = 120 + 20 * toward / toward.flatten(1).norm(2, 1).view({3, 1, 1, 1});
  EXPECT_LT((x - nearest).flatten(1).norm(2, 1).max().item<double>(), .5);
}

TEST(Pgd, StartsAtARandomPointOfTheBudgetWhereAsked) {
  for (const Norm norm : {Norm::inf, Norm::two}) {
    const Problem p = problem(norm, norm == Norm::inf ? 8 : 40);
    Quadratic objective = p.objective();
    make<Optimizer>("pgd", {{"random_start", true}, {"steps", std::int64_t{1}}})->run(objective, p.budget);
    const at::Tensor start = objective.seen.front();
    expect_within(p.budget, start);
    EXPECT_GT(((start - p.budget.origin).abs() > 1).to(at::kDouble).mean().item<double>(), .3);
    // Where a sample starts is its own affair.
    const Problem alone = p.single(2);
    Quadratic single = alone.objective();
    make<Optimizer>("pgd", {{"random_start", true}, {"steps", std::int64_t{1}}})->run(single, alone.budget);
    EXPECT_TRUE(same_bits(single.seen.front()[0], start[2]));
  }
}

TEST(MomentumPgd, EndsAtTheBestThatTheBudgetAllowsWhereThatIsAtItsBorder) {
  Problem p = problem();
  p.optimum = p.budget.origin + at::where(p.optimum > p.budget.origin, 400., -400.);
  const at::Tensor x = run("momentum_pgd", {{"steps", std::int64_t{30}}, {"step_size", 1.}}, p);
  expect_within(p.budget, x);
  EXPECT_LT(largest_difference(x, p.budget.project(p.optimum)), 1e-9);
}

TEST(MomentumPgd, FollowsTheAccumulatedGradientEachOverItsSamplesMean) {
  const Problem p = problem();
  const at::Tensor x = run("momentum_pgd", {{"steps", std::int64_t{25}}, {"step_size", .7}, {"momentum", .8}}, p);
  for (std::int64_t row = 0; row < 3; ++row) {
    const Problem one = p.single(row);
    at::Tensor at = one.budget.origin, momentum = at::zeros_like(at);
    for (int step = 0; step < 25; ++step) {
      const at::Tensor gradient = 2 * one.weight * (at - one.optimum);
      momentum = .8 * momentum + gradient / gradient.abs().mean();
      at = one.budget.project(at - .7 * momentum.sign());
    }
    EXPECT_LT(largest_difference(x.narrow(0, row, 1), at), 1e-9) << "row " << row;
  }
}

TEST(MomentumPgd, LooksAheadAlongTheLastGradientOverItsMeanOrForTheTwoNormByAStep) {
  for (const Norm norm : {Norm::inf, Norm::two}) {
    const Problem p = problem(norm, norm == Norm::inf ? 8 : 40);
    Quadratic objective = p.objective();
    const at::Tensor x =
        make<Optimizer>("momentum_pgd",
                        {{"steps", std::int64_t{12}}, {"step_size", 1.5}, {"look_ahead", "last_gradient"}})
            ->run(objective, p.budget);
    at::Tensor here = p.budget.origin, momentum = at::zeros_like(here), last = at::zeros_like(here);
    for (std::size_t step = 0; step < 12; ++step) {
      const at::Tensor ahead = here - 1.5 * (norm == Norm::inf ? last : p.budget.direction(last));
      ASSERT_LT(largest_difference(objective.seen[step], ahead), 1e-9) << "step " << step;
      const at::Tensor gradient = 2 * p.weight * (ahead - p.optimum);
      last = gradient / gradient.abs().mean({1, 2, 3}, true);
      momentum = .9 * momentum + last;
      here = p.budget.project(here - 1.5 * p.budget.direction(momentum));
    }
    EXPECT_LT(largest_difference(x, here), 1e-9);
  }
}

TEST(MomentumPgd, SamplesAsFarAsItIsToldToAndWhereThePictureMayChange) {
  constexpr std::size_t samples = 6;
  for (const Norm norm : {Norm::inf, Norm::two}) {
    const Problem p = problem(norm, norm == Norm::inf ? 8 : 40);
    Quadratic objective = p.objective();
    make<Optimizer>("momentum_pgd", {{"steps", std::int64_t{1}}, {"variance", std::int64_t{samples}}, {"beta", .5}})
        ->run(objective, p.budget);
    ASSERT_EQ(objective.seen.size(), 1 + samples);
    for (std::size_t i = 1; i <= samples; ++i) {
      const at::Tensor away = objective.seen[i] - objective.seen[0];
      EXPECT_EQ((away * (1 - p.budget.mask)).abs().max().item<double>(), 0);
      const at::Tensor far = norm == Norm::inf ? away.abs().amax({1, 2, 3}) : away.flatten(1).norm(2, 1);
      EXPECT_LE(far.max().item<double>(), .5 * p.budget.epsilon + 1e-9);
      EXPECT_GT(far.min().item<double>(), .4 * p.budget.epsilon);
      EXPECT_FALSE(same_bits(objective.seen[i], objective.seen[i % samples + 1]));
    }
  }
}

TEST(MomentumPgd, WithoutMomentumIsPgd) {
  const Problem p = problem();
  const Parameters parameters = {{"steps", std::int64_t{20}}, {"step_size", .7}};
  Parameters none = parameters;
  none.emplace_back("momentum", 0.);
  EXPECT_TRUE(same_bits(run("momentum_pgd", none, p), run("pgd", parameters, p)));
  none.back().second = .9;
  EXPECT_FALSE(same_bits(run("momentum_pgd", none, p), run("pgd", parameters, p)));
}

}  // namespace
}  // namespace faceoff
