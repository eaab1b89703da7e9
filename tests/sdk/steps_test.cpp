#include <faceoff/objective.hpp>
#include <faceoff/random.hpp>

#include <ATen/ATen.h>

#include "support.hpp"

namespace faceoff {
namespace {

class Counting : public Objective {
 public:
  at::Tensor reached(const at::Tensor& x) override { return value(x) < 0; }
  Random& random() override { return random_; }

  std::vector<std::int64_t> started;
  std::int64_t last = 1 << 20;

 protected:
  Evaluation answer(const at::Tensor& x, bool gradient, Draw) override {
    return {x.flatten(1).sum(1), gradient ? at::ones_like(x) : at::Tensor(), {}};
  }
  bool start_step(std::int64_t step, std::int64_t of) override {
    EXPECT_EQ(of, 5);
    started.push_back(step);
    return step <= last;
  }

 private:
  Random random_{1, {1}};
};

TEST(Steps, RunsEachStepOnceAndStartsItBeforehand) {
  Counting objective;
  std::vector<std::int64_t> steps;
  for (const auto step : objective.steps(5)) {
    steps.push_back(step);
    EXPECT_EQ(objective.started.back(), step);
  }
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(objective.started, steps);
}

TEST(Steps, EndsWhereTheHostSaysSo) {
  Counting objective;
  objective.last = 1;
  std::vector<std::int64_t> steps;
  for (const auto step : objective.steps(5)) steps.push_back(step);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 1}));
}

TEST(Steps, OfNoneRunsNone) {
  Counting objective;
  for (const auto step : objective.steps(0)) ADD_FAILURE() << step;
  EXPECT_TRUE(objective.started.empty());
}

}  // namespace
}  // namespace faceoff
