// x ← Π(x − lr · Adam(∇)): each value by a step of its own size, which a sign would make all alike.
// Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
#include <faceoff/adam.hpp>
#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class AdamPgd : public Optimizer {
 public:
  static void describe(Schema<AdamPgd>& s) {
    s.name("adam").summary("Projected Adam: no signs are taken, so that small gradients make small steps in the end");
    s.cites("Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015");
    s.param("steps", &AdamPgd::steps_, "gradient steps").range(1, 100000);
    s.param("learning_rate", &AdamPgd::learning_rate_, "what a value moves by where its gradient stays the same")
        .unit("grey levels")
        .range(0, 1e6);
    s.param("random_start", &AdamPgd::random_start_, "start at a random point of the budget");
  }

  at::Tensor run(Objective& objective, const Budget& budget) override {
    at::Tensor x = random_start_ ? budget.random_point(objective.random()) : budget.origin.clone();
    Adam adam(1e-12);  // the gradient of a cosine is small
    for ([[maybe_unused]] const auto step : objective.steps(steps_))
      x = budget.project(x - learning_rate_ * adam(objective.value_and_grad(x).gradient));
    return x;
  }

 private:
  std::int64_t steps_ = 100;
  double learning_rate_ = 1;
  bool random_start_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<AdamPgd>();
}
