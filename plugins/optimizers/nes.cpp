// The gradient by natural evolution strategies, from values alone: the mean over n of
//   (f(x + σu) − f(x − σu)) / 2σ · u,   u from a normal distribution, within the mask
// and then g ← μ g + ∇, x ← Π(x − α direction(g)). A pair is compared under one draw of what is random.
// Ilyas et al., "Black-box Adversarial Attacks with Limited Queries and Information", ICML 2018.
#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class Nes : public Optimizer {
 public:
  static void describe(Schema<Nes>& s) {
    s.name("nes").summary("Score-only: PGD along a gradient that pairs of normally distributed points estimate");
    s.cites("Ilyas et al., Black-box Adversarial Attacks with Limited Queries and Information, ICML 2018");
    s.param("steps", &Nes::steps_, "steps").range(1, 100000);
    s.param("step_size", &Nes::step_size_, "length of a step").unit("grey levels").range(0, 1e6);
    s.param("pairs", &Nes::pairs_, "pairs of points that a step looks at, two queries each").range(1, 100000);
    s.param("sigma", &Nes::sigma_, "how far they lie about x, a standard deviation a value (the paper: 0.255)")
        .unit("grey levels")
        .range(1e-6, 255);
    s.param("momentum", &Nes::momentum_, "how much of the accumulated gradient is kept").range(0, 1);
    s.param("random_start", &Nes::random_start_, "start at a random point of the budget");
  }

  /// It goes by values alone.
  bool compares_values() const override { return true; }

  at::Tensor run(Objective& objective, const Budget& budget) override {
    at::Tensor x = random_start_ ? budget.random_point(objective.random()) : budget.origin.clone();
    at::Tensor accumulated = at::zeros_like(x);
    for ([[maybe_unused]] const auto step : objective.steps(steps_)) {
      objective.value(x);  // the pairs may lie beyond the budget: this is what the host can stop at and keep
      accumulated = momentum_ * accumulated;
      for (std::int64_t pair = 0; pair < pairs_; ++pair) {
        const at::Tensor u = budget.mask * objective.random().normal(0, 1, x.sizes().slice(1));
        const at::Tensor there = objective.value(x + sigma_ * u);  // [B], asked for first
        const at::Tensor difference = there - objective.value(x - sigma_ * u, Draw::again);
        accumulated += (difference / (2 * sigma_ * static_cast<double>(pairs_))).view({-1, 1, 1, 1}) * u;
      }
      x = budget.project(x - step_size_ * budget.direction(accumulated));
    }
    return x;
  }

 private:
  std::int64_t steps_ = 100;
  double step_size_ = 1;
  std::int64_t pairs_ = 25;
  double sigma_ = 1;
  double momentum_ = .9;
  bool random_start_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Nes>();
}
