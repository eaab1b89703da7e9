// The smallest change that reaches the goal, in the 2-norm:
//   min ‖d/255‖² + c f(x + d),   x + d = middle + half · tanh w,   w by Adam
// where middle ± half is the range of each value: [0,255] if the budget allows it, else what it allows. d is taken as
// half · (tanh w − tanh of the first w), so that what no gradient reaches stays as it is, to the bit. Each sample's c
// is found by a binary search: ten times as large until the goal is reached, then between what reached it and what did
// not. The goal is reached where the margin is above the confidence, or, of an attack without one, where f ≤ 0, as a
// hinge says: f is the experiment's loss, triplet for embeddings. The answer is the nearest point that reached it, or
// else the one where f was lowest. With [attack] stop_at or stop_at_margin the host takes the first that did.
//
// Carlini and Wagner, "Towards Evaluating the Robustness of Neural Networks", IEEE S&P 2017, section V.
#include <faceoff/adam.hpp>
#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>

#include <limits>

namespace {

using namespace faceoff;

constexpr double infinity = std::numeric_limits<double>::infinity();

at::Tensor of_rows(const at::Tensor& values) {
  return values.view({-1, 1, 1, 1});
}

/// Each row's nearest point that reached the goal; before any did, the one with the lowest value.
struct Nearest {
  at::Tensor x, length, value, reached;

  explicit Nearest(const at::Tensor& origin)
      : x(origin.clone()),
        length(at::full({origin.size(0)}, infinity, origin.options())),
        value(length),
        reached(at::zeros_like(length, at::kBool)) {}

  void see(const at::Tensor& point, const at::Tensor& its_length, const at::Tensor& its_value, const at::Tensor& goal) {
    const at::Tensor better =
        at::where(goal, its_length < length, reached.logical_not().logical_and(its_value < value));
    x = at::where(of_rows(better), point, x);
    length = at::where(better.logical_and(goal), its_length, length);
    value = at::where(better, its_value, value);
    reached = reached.logical_or(goal);
  }
};

/// The search for each row's c.
struct Weight {
  at::Tensor c, low, high;

  Weight(double initial, const at::Tensor& like)
      : c(at::full({like.size(0)}, initial, like.options())),
        low(at::zeros_like(c)),
        high(at::full_like(c, infinity)) {}

  void narrow(const at::Tensor& reached) {
    high = at::where(reached, c, high);
    low = at::where(reached, low, c);
    c = at::where(high.isinf(), 10 * c, (low + high) / 2);
  }
};

class CarliniWagner : public Optimizer {
 public:
  static void describe(Schema<CarliniWagner>& s) {
    s.name("carlini_wagner").summary("C&W: the smallest change in the 2-norm that reaches the goal, within the budget");
    s.cites("Carlini and Wagner, Towards Evaluating the Robustness of Neural Networks, IEEE S&P 2017");
    s.param("steps", &CarliniWagner::steps_, "Adam's steps in each search").range(1, 100000);
    s.param("searches", &CarliniWagner::searches_, "values of c that are tried, one after the other").range(1, 100);
    s.param("learning_rate", &CarliniWagner::learning_rate_, "Adam's, of w").range(0, 1e3);
    s.param("initial_c", &CarliniWagner::initial_c_, "the first weight of the loss").range(1e-12, 1e12);
    s.param("confidence", &CarliniWagner::confidence_, "by how much the goal has to be reached, as a margin")
        .range(-1e6, 1e6);
    s.param("random_start", &CarliniWagner::random_start_, "start at a random point of the budget");
  }

  /// The loss is weighed against the distance.
  bool compares_values() const override { return true; }

  at::Tensor run(Objective& objective, const Budget& budget) override {
    const at::Tensor low = (budget.origin - budget.mask * budget.epsilon).clamp_min(0),
                     high = (budget.origin + budget.mask * budget.epsilon).clamp_max(255);
    const at::Tensor middle = (low + high) / 2, half = (high - low) / 2;
    const at::Tensor first = random_start_ ? budget.random_point(objective.random()) : budget.origin;
    constexpr double edge = .9999;  // w would be infinite at the ends of the range
    const at::Tensor start = ((first - middle) / half.clamp_min(1e-6)).clamp(-edge, edge).atanh();
    Nearest nearest(budget.origin);
    Weight weight(initial_c_, budget.origin);
    Adam adam;
    at::Tensor w = start, found = at::zeros_like(nearest.reached);
    for (const auto step : objective.steps(searches_ * steps_)) {
      if (step > 0 && step % steps_ == 0) {
        weight.narrow(found);
        found = at::zeros_like(found), w = start, adam = Adam();
      }
      const at::Tensor slope = half * (1 - w.tanh().square());
      const at::Tensor x = budget.project(first + half * (w.tanh() - start.tanh()));
      const Evaluation here = objective.value_and_grad(x);
      const at::Tensor goal = here.margin.defined() ? here.margin > confidence_ : here.value <= 0;
      const at::Tensor change = (x - budget.origin) / 255;
      nearest.see(x, change.square().flatten(1).sum(1), here.value, goal);
      found = found.logical_or(goal);
      w = w - learning_rate_ * adam(slope * (2. / 255 * change + of_rows(weight.c) * here.gradient));
    }
    return nearest.x;
  }

 private:
  std::int64_t steps_ = 100;
  std::int64_t searches_ = 9;
  double learning_rate_ = .01;
  double initial_c_ = 1e-3;
  double confidence_ = 0;
  bool random_start_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<CarliniWagner>();
}
