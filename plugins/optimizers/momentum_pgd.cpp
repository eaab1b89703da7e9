// Dong et al., "Boosting Adversarial Attacks with Momentum", CVPR 2018.
#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class MomentumPgd : public Optimizer {
 public:
  static void describe(Schema<MomentumPgd>& s) {
    s.name("momentum_pgd").summary("PGD along gradients accumulated with momentum, each over its mean (MI-FGSM)");
    s.cites("Dong et al., Boosting Adversarial Attacks with Momentum, CVPR 2018");
    s.param("steps", &MomentumPgd::steps_, "gradient steps").range(1, 100000);
    s.param("step_size", &MomentumPgd::step_size_, "length of a step").unit("grey levels").range(0, 1e6);
    s.param("momentum", &MomentumPgd::momentum_, "how much of the accumulated gradient is kept").range(0, 1);
  }

  at::Tensor run(Objective& objective, const Budget& budget) override {
    at::Tensor x = budget.origin.clone();
    at::Tensor accumulated = at::zeros_like(x);
    for ([[maybe_unused]] const auto step : objective.steps(steps_)) {
      const at::Tensor gradient = objective.value_and_grad(x).gradient;
      // Over each sample's own mean: one with small gradients counts as much as the others of its batch.
      const at::Tensor scale = gradient.abs().mean({1, 2, 3}, true).clamp_min(1e-20);
      accumulated = momentum_ * accumulated + gradient / scale;
      x = budget.project(x - step_size_ * budget.direction(accumulated));
    }
    return x;
  }

 private:
  std::int64_t steps_ = 90;
  double step_size_ = 1;
  double momentum_ = .9;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<MomentumPgd>();
}
