// Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", ICLR 2018.
#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class Pgd : public Optimizer {
 public:
  static void describe(Schema<Pgd>& s) {
    s.name("pgd").summary(
        "Projected gradient descent: steps along the gradient's sign (or, for the 2-norm, its direction)");
    s.cites("Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018");
    s.param("steps", &Pgd::steps_, "gradient steps").range(1, 100000);
    s.param("step_size", &Pgd::step_size_, "length of a step").unit("grey levels").range(0, 1e6);
    s.param("random_start", &Pgd::random_start_, "start at a random point of the budget");
  }

  at::Tensor run(Objective& objective, const Budget& budget) override {
    at::Tensor x = random_start_ ? budget.random_point(objective.random()) : budget.origin.clone();
    for ([[maybe_unused]] const auto step : objective.steps(steps_)) {
      const at::Tensor gradient = objective.value_and_grad(x).gradient;
      x = budget.project(x - step_size_ * budget.direction(gradient));
    }
    return x;
  }

 private:
  std::int64_t steps_ = 40;
  double step_size_ = 1;
  bool random_start_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Pgd>();
}
