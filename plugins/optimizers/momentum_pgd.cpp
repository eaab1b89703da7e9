// ĝ is a gradient over the mean size of its values, each sample by itself; then
//   g ← μ g + ĝ,   x ← Π(x − α direction(g))
// Dong et al., "Boosting Adversarial Attacks with Momentum", CVPR 2018 (MI-FGSM). The gradient may be another than at
// x:
// - look_ahead = "nesterov": at x − α μ g. Lin et al., "Nesterov Accelerated Gradient and Scale Invariance for
//   Adversarial Attacks", ICLR 2020 (NI-FGSM).
// - look_ahead = "last_gradient": at x − α ĝ of the step before. Wang et al., "Boosting Adversarial Transferability
//   through Enhanced Momentum", BMVC 2021 (PI-FGSM; over its mean, so that a loss's scale does not matter).
// - variance = N: ∇ + v in its place, with v ← mean over N of ∇(x + U(±βε)) − ∇. Wang and He, "Enhancing the
//   Transferability of Adversarial Attacks through Variance Tuning", CVPR 2021 (VMI-FGSM).
#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>

#include <string>

namespace {

using namespace faceoff;

/// Over each sample's own mean: one with small gradients counts as much as the others of its batch.
at::Tensor over_its_mean(const at::Tensor& gradient) {
  return gradient / gradient.abs().mean({1, 2, 3}, true).clamp_min(1e-20);
}

class MomentumPgd : public Optimizer {
 public:
  static void describe(Schema<MomentumPgd>& s) {
    s.name("momentum_pgd").summary("PGD along gradients accumulated with momentum, each over its mean (MI-FGSM)");
    s.cites("Dong et al., Boosting Adversarial Attacks with Momentum, CVPR 2018");
    s.param("steps", &MomentumPgd::steps_, "gradient steps").range(1, 100000);
    s.param("step_size", &MomentumPgd::step_size_, "length of a step").unit("grey levels").range(0, 1e6);
    s.param("momentum", &MomentumPgd::momentum_, "how much of the accumulated gradient is kept").range(0, 1);
    s.param("look_ahead", &MomentumPgd::look_ahead_,
            "where the gradient is asked for: here, a step along the momentum (NI-FGSM) or along the last gradient "
            "(PI-FGSM)")
        .choices({"none", "nesterov", "last_gradient"});
    s.param("variance", &MomentumPgd::variance_,
            "how many gradients around x, each a query, tune the next one (VMI-FGSM: 20; 0: none)")
        .range(0, 10000);
    s.param("beta", &MomentumPgd::beta_, "for variance: how far around x").unit("epsilons").range(0, 100);
    s.param("random_start", &MomentumPgd::random_start_, "start at a random point of the budget");
  }

  at::Tensor run(Objective& objective, const Budget& budget) override {
    at::Tensor x = random_start_ ? budget.random_point(objective.random()) : budget.origin.clone();
    at::Tensor accumulated = at::zeros_like(x), last = at::zeros_like(x), tuning = at::zeros_like(x);
    for ([[maybe_unused]] const auto step : objective.steps(steps_)) {
      if (look_ahead_ != "none") objective.value(x);  // ahead may lie beyond the budget: the host keeps x
      const at::Tensor ahead = look_ahead_ == "nesterov" ? momentum_ * accumulated : last;
      const at::Tensor place = look_ahead_ == "none" ? x : x - step_size_ * over_a_step(ahead, budget);
      const at::Tensor gradient = objective.value_and_grad(place).gradient;
      last = over_its_mean(gradient);
      accumulated = momentum_ * accumulated + (variance_ > 0 ? over_its_mean(gradient + tuning) : last);
      if (variance_ > 0) tuning = mean_around(x, objective, budget) - gradient;
      x = budget.project(x - step_size_ * budget.direction(accumulated));
    }
    return x;
  }

 private:
  /// What a step of 1 looks ahead by: for the 2-norm it is as long as the step.
  static at::Tensor over_a_step(const at::Tensor& ahead, const Budget& budget) {
    return budget.norm == Norm::inf ? ahead : budget.direction(ahead);
  }

  /// The mean gradient at points about x: up to beta epsilon away in each value or, for the 2-norm, beta epsilon away.
  at::Tensor mean_around(const at::Tensor& x, Objective& objective, const Budget& budget) const {
    const double reach = beta_ * budget.epsilon;
    at::Tensor sum = at::zeros_like(x);
    for (std::int64_t i = 0; i < variance_; ++i) {
      const at::Tensor noise = objective.random().uniform(-reach, reach, x.sizes().slice(1));
      const at::Tensor away = budget.norm == Norm::inf ? noise * budget.mask : reach * budget.direction(noise);
      sum += objective.value_and_grad(x + away).gradient;
    }
    return sum / variance_;
  }

  std::int64_t steps_ = 90;
  double step_size_ = 1;
  double momentum_ = .9;
  std::string look_ahead_ = "none";
  std::int64_t variance_ = 0;
  double beta_ = 1.5;
  bool random_start_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<MomentumPgd>();
}
