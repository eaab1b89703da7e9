// The gradient by simultaneous perturbation, from values alone: the mean over n of
//   (f(x + δu) − f(x − δu)) / 2δ · u,   u of −1 and 1, within the mask
// and then x ← Π(x − lr · Adam(∇)). A pair is compared under one draw of what is random.
// Spall, "Multivariate Stochastic Approximation Using a Simultaneous Perturbation Gradient Approximation", IEEE
// Transactions on Automatic Control, 1992; as an attack: Uesato et al., "Adversarial Risk and the Dangers of Evaluating
// Against Weak Attacks", ICML 2018.
#include <faceoff/adam.hpp>
#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class Spsa : public Optimizer {
 public:
  static void describe(Schema<Spsa>& s) {
    s.name("spsa").summary("Score-only: projected Adam on a gradient that pairs of points at all corners estimate");
    s.cites("Uesato et al., Adversarial Risk and the Dangers of Evaluating Against Weak Attacks, ICML 2018");
    s.param("steps", &Spsa::steps_, "steps").range(1, 100000);
    s.param("learning_rate", &Spsa::learning_rate_, "what a value moves by where its gradient stays the same")
        .unit("grey levels")
        .range(0, 1e6);
    s.param("pairs", &Spsa::pairs_, "pairs of points that a step looks at, two queries each").range(1, 100000);
    s.param("delta", &Spsa::delta_, "how far they lie about x, in each value").unit("grey levels").range(1e-6, 255);
    s.param("random_start", &Spsa::random_start_, "start at a random point of the budget");
  }

  /// It goes by values alone.
  bool compares_values() const override { return true; }

  at::Tensor run(Objective& objective, const Budget& budget) override {
    at::Tensor x = random_start_ ? budget.random_point(objective.random()) : budget.origin.clone();
    Adam adam(1e-12);  // a cosine changes by little
    for ([[maybe_unused]] const auto step : objective.steps(steps_)) {
      objective.value(x);  // the pairs may lie beyond the budget: this is what the host can stop at and keep
      at::Tensor gradient = at::zeros_like(x);
      for (std::int64_t pair = 0; pair < pairs_; ++pair) {
        const at::Tensor corner = 2 * objective.random().integers(0, 1, x.sizes().slice(1)).to(x.scalar_type()) - 1;
        const at::Tensor u = budget.mask * corner;
        const at::Tensor there = objective.value(x + delta_ * u);  // [B], asked for first
        const at::Tensor difference = there - objective.value(x - delta_ * u, Draw::again);
        gradient += (difference / (2 * delta_ * static_cast<double>(pairs_))).view({-1, 1, 1, 1}) * u;
      }
      x = budget.project(x - learning_rate_ * adam(gradient));
    }
    return x;
  }

 private:
  std::int64_t steps_ = 100;
  double learning_rate_ = 2.55;
  std::int64_t pairs_ = 32;
  double delta_ = 2.55;
  bool random_start_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Spsa>();
}
