// Croce and Hein, "Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free Attacks",
// ICML 2020, algorithm 1 (APGD). With a step size η a sample, 2ε at first,
//   z = Π(x − η direction(∇)),   x ← Π(x + .75 (z − x) + .25 (x − x of the step before)); the first step goes to z.
// It is looked at after .22 T steps, then at intervals that shrink by .03 T down to .06 T. There η is halved, and the
// attack goes on from its best point, where the objective fell in at most a share ρ of the interval's steps, or where η
// was not halved the last time and the best point is still the same. The best point is the answer.
#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>

#include <algorithm>

namespace {

using namespace faceoff;

class Apgd : public Optimizer {
 public:
  static void describe(Schema<Apgd>& s) {
    s.name("apgd").summary("Auto-PGD: momentum, steps that shrink where they stop helping, back to the best point");
    s.cites(
        "Croce and Hein, Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free "
        "Attacks, ICML 2020");
    s.param("steps", &Apgd::steps_, "gradient steps, which the schedule of the step size goes by").range(1, 100000);
    s.param("rho", &Apgd::rho_, "the share of steps that have to help, or the step size is halved").range(0, 1);
    s.param("same_draw", &Apgd::same_draw_,
            "compare points under one draw of augmentations and models, for two more values a step; false: where "
            "nothing is random");
    s.param("random_start", &Apgd::random_start_, "start at a random point of the budget");
  }

  bool compares_values() const override { return true; }

  at::Tensor run(Objective& objective, const Budget& budget) override {
    at::Tensor x = random_start_ ? budget.random_point(objective.random()) : budget.origin.clone(), previous = x;
    Evaluation here = objective.value_and_grad(x), lowest = here;
    at::Tensor best = x;
    at::Tensor size = at::full({x.size(0)}, 2 * budget.epsilon, x.options());
    at::Tensor falls = at::zeros({x.size(0)}, x.options());
    at::Tensor improved = at::zeros_like(falls, at::kBool), halved = at::ones_like(improved);
    std::int64_t interval = share(.22), since = 0;
    for (const auto step : objective.steps(steps_)) {
      const at::Tensor z = budget.project(x - of_rows(size) * budget.direction(here.gradient));
      const at::Tensor next = step == 0 ? z : budget.project(x + .75 * (z - x) + .25 * (x - previous));
      const Evaluation there = objective.value_and_grad(next);
      falls = falls + (there.value < (same_draw_ ? objective.value(x, Draw::again) : here.value));
      const at::Tensor better = there.value < (same_draw_ ? objective.value(best, Draw::again) : lowest.value);
      best = at::where(of_rows(better), next, best);
      lowest = where(better, there, lowest);
      improved = improved.logical_or(better);
      previous = x, x = next, here = there;
      if (++since < interval) continue;
      const auto enough = rho_ * static_cast<double>(interval);
      halved = (falls <= enough).logical_or(halved.logical_or(improved).logical_not());
      size = at::where(halved, size / 2, size);
      x = at::where(of_rows(halved), best, x);
      here = where(halved, lowest, here);
      falls.zero_(), improved.zero_(), since = 0;
      interval = std::max(interval - share(.03), share(.06));
    }
    return best;
  }

 private:
  std::int64_t share(double of_all) const {
    return std::max<std::int64_t>(static_cast<std::int64_t>(of_all * static_cast<double>(steps_)), 1);
  }

  static at::Tensor of_rows(const at::Tensor& values) { return values.view({-1, 1, 1, 1}); }

  static Evaluation where(const at::Tensor& rows, const Evaluation& these, const Evaluation& others) {
    return {at::where(rows, these.value, others.value), at::where(of_rows(rows), these.gradient, others.gradient), {}};
  }

  std::int64_t steps_ = 100;
  double rho_ = .75;
  bool same_draw_ = true;
  bool random_start_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Apgd>();
}
