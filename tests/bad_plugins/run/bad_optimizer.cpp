// An optimizer with every fault that one can have; without one it follows the gradient's sign.
#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "misbehave.hpp"

namespace {

using namespace faceoff;

class BadOptimizer : public Optimizer {
 public:
  static void describe(Schema<BadOptimizer>& s) {
    s.name("bad_optimizer").summary("Misbehaves on dark pictures");
    s.param("fault", &BadOptimizer::fault_, "what it does wrong")
        .choices(bad::choices({"nan", "inf", "wrong_shape", "wrong_rows", "wrong_dtype", "undefined", "aliased",
                               "beyond_epsilon", "beyond_white", "beyond_mask", "changes_origin", "overwrites_origin",
                               "asks_wrong_shape", "asks_undefined", "asks_nan", "asks_integers", "sparse", "meta",
                               "stays"}));
    s.param("steps", &BadOptimizer::steps_, "gradient steps").range(1, 100);
    s.param("gradient", &BadOptimizer::gradient_, "whether it follows the gradient, or only ever asks for values");
    s.param("at_step", &BadOptimizer::at_step_, "the step at which it does what is no wrong answer, from 1");
    s.param("compares", &BadOptimizer::compares_, "whether it says that it compares values");
  }

  bool compares_values() const override { return compares_; }

  at::Tensor run(Objective& objective, const Budget& budget) override {
    const bool shows = bad::shows_on(budget.origin);
    at::Tensor x = budget.origin.clone();
    for (const std::int64_t step : objective.steps(steps_)) {
      if (shows && step + 1 == at_step_) spoil(objective, budget);
      x = gradient_ ? budget.project(x - budget.direction(objective.value_and_grad(x).gradient))
                    : budget.project(x + objective.value(x).view({-1, 1, 1, 1}).sign());
    }
    if (fault_ == "aliased") return bad::in_one_buffer(kept_, x);
    return shows ? spoilt(x, budget) : x;
  }

 private:
  void spoil(Objective& objective, const Budget& budget) const {
    bad::misbehave(fault_);
    if (fault_ == "changes_origin") budget.origin.add_(1);
    if (fault_ == "overwrites_origin") std::fill_n(budget.origin.data_ptr<float>(), budget.origin.numel(), 255.F);
    if (fault_ == "asks_wrong_shape") objective.value(budget.origin.narrow(3, 0, 1));
    if (fault_ == "asks_undefined") objective.value({});
    if (fault_ == "asks_nan") objective.value(budget.origin * std::numeric_limits<double>::quiet_NaN());
    if (fault_ == "asks_integers") objective.value_and_grad(budget.origin.to(at::kInt));
  }

  at::Tensor spoilt(const at::Tensor& x, const Budget& budget) const {
    if (fault_ == "nan") return x * std::numeric_limits<double>::quiet_NaN();
    if (fault_ == "inf") return x / 0;
    if (fault_ == "wrong_shape") return x.narrow(1, 0, 1);
    if (fault_ == "wrong_rows") return x.repeat({2, 1, 1, 1});
    if (fault_ == "wrong_dtype") return x.to(at::kDouble);
    if (fault_ == "undefined") return {};
    if (fault_ == "sparse") return x.to_sparse();
    if (fault_ == "meta") return x.to(at::kMeta);
    if (fault_ == "beyond_epsilon") return x + budget.mask * (2 * budget.epsilon + 1);
    if (fault_ == "beyond_white") return x + 256;
    if (fault_ == "beyond_mask") return budget.origin + 1;
    if (fault_ == "stays") return budget.origin.clone();
    return x;
  }

  std::string fault_ = bad::usual_fault();
  std::int64_t steps_ = 4, at_step_ = 1;
  bool gradient_ = true, compares_ = false;
  at::Tensor kept_;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<BadOptimizer>();
}
