// Every optimizer against the best that a budget allows on a linear model, which is known.
#include <ATen/ATen.h>

#include <map>

#include "optimizers/toys.hpp"

namespace faceoff {
namespace {

/// Two samples with black and white pixels, where the valid range binds before the budget does, and parts that may not
/// change; a model w·x whose weights are alike in patches, and differ by four orders of magnitude between the samples.
struct Linear {
  Budget budget;
  at::Tensor weight;

  explicit Linear(Norm norm)
      : Linear(norm, parts(), at::upsample_nearest2d(noise({2, 3, 3, 4}, -1, 1, 2), {height, width})) {}

  Linear(Norm norm, const at::Tensor& mask, const at::Tensor& pattern)
      : budget(noise({2, 3, height, width}, -60, 315, 1).clamp(0, 255).round(), mask, norm == Norm::inf ? 8 : 120,
               norm),
        weight(at::tensor({1e-3, 10.}, at::kDouble).view({2, 1, 1, 1}) * pattern) {}

  /// A square of 5 × 5, in which the weights make a hill above a valley, of either sign: what Square's tiles in the
  /// 2-norm are like, and all that they can make up. (On patches torchattacks' Square, too, ends at .4 to .6.)
  static Linear hills() {
    at::Tensor mask = at::zeros({2, 1, height, width}, at::kDouble);
    mask.narrow(2, 3, 5).narrow(3, 4, 5).fill_(1);
    const at::Tensor across = (-(at::arange(5, at::kDouble) - 2).square() / 4).exp();
    const at::Tensor down = at::tensor({.8, 1., -.8, -1., -.8}, at::kDouble);
    const at::Tensor tile = at::constant_pad_nd(at::outer(down, across), {4, 3, 3, 1});
    return {Norm::two, mask, noise({2, 3, 1, 1}, -1, 1, 2).sign() * tile};
  }

  static at::Tensor parts() {
    at::Tensor mask = at::ones({2, 1, height, width}, at::kDouble);
    mask[0].narrow(1, 0, 3).zero_();
    mask[1].narrow(2, 8, 4).zero_();
    return mask;
  }

  Toy objective() const {
    return {[this](const at::Tensor& x, std::int64_t) {
              const at::Tensor w = weight.repeat_interleave(x.size(0) / 2, 0);
              const at::Tensor value = (w * (x - budget.origin)).flatten(1).sum(1);
              return Evaluation{value, w, at::full_like(value, -1)};  // a goal out of reach
            },
            {11, 22}};
  }

  /// [2]: the lowest value. In the infinity norm each pixel goes as far as it may. In the 2-norm it goes by λ times its
  /// weight, or as far as the valid range goes, with the λ that uses up the length (found by bisection).
  at::Tensor lowest() const {
    const at::Tensor low = -budget.origin * budget.mask, high = (255 - budget.origin) * budget.mask;
    at::Tensor change;
    if (budget.norm == Norm::inf) {
      change = (-budget.epsilon * weight.sign()).clamp(low, high);
    } else {
      at::Tensor less = at::zeros({2, 1, 1, 1}, at::kDouble), more = at::full_like(less, 1e9);
      for (int i = 0; i < 200; ++i) {
        const at::Tensor middle = (less + more) / 2;
        change = (-middle * weight).clamp(low, high);
        const at::Tensor within = change.flatten(1).norm(2, 1).view({2, 1, 1, 1}) <= budget.epsilon;
        less = at::where(within, middle, less), more = at::where(within, more, middle);
      }
    }
    return (weight * change).flatten(1).sum(1);
  }

  static constexpr std::int64_t height = 9, width = 12;
};

/// The defaults, or what a toy of this size needs.
Parameters parameters_of(const std::string& optimizer) {
  if (optimizer == "carlini_wagner") return {{"learning_rate", .1}};
  if (optimizer == "square") return {{"steps", std::int64_t{4000}}, {"same_draw", false}};
  if (optimizer == "nes") return {{"steps", std::int64_t{200}}, {"pairs", std::int64_t{40}}};
  return {};
}

void expect_the_optimum(const std::string& name, const Linear& model, const Parameters& parameters) {
  SCOPED_TRACE(name + (model.budget.norm == Norm::inf ? ", inf" : ", two"));
  Toy objective = model.objective();
  const at::Tensor x = make<Optimizer>(name, parameters)->run(objective, model.budget);
  expect_within(model.budget, x);
  const at::Tensor reached = model.objective().value(x), lowest = model.lowest();
  ASSERT_LT(lowest.max().item<double>(), 0);
  for (std::int64_t row = 0; row < 2; ++row) {
    const double share = reached[row].item<double>() / lowest[row].item<double>();
    EXPECT_GE(share, 1 / 1.25) << "row " << row;
    EXPECT_LE(share, 1 + 1e-9) << "no point of the budget is lower";
  }
}

TEST(LinearOptimum, IsReachedWithGradients) {
  for (const std::string& name : gradient_optimizers) {
    for (const Norm norm : {Norm::inf, Norm::two}) {
      Parameters parameters = parameters_of(name);
      if (norm == Norm::two && name != "apgd" && name != "carlini_wagner") {
        const bool adam = name == "adam";
        parameters.emplace_back(adam ? "learning_rate" : "step_size", 5.);
      }
      expect_the_optimum(name, Linear(norm), parameters);
    }
  }
}

TEST(LinearOptimum, IsReachedWithEveryVariantOfMomentum) {
  for (const Norm norm : {Norm::inf, Norm::two}) {
    for (const std::string ahead : {"nesterov", "last_gradient"})
      expect_the_optimum("momentum_pgd", Linear(norm), {{"look_ahead", ahead}, {"step_size", 5.}});
    expect_the_optimum("momentum_pgd", Linear(norm), {{"variance", std::int64_t{3}}, {"step_size", 5.}});
  }
}

TEST(LinearOptimum, IsReachedFromARandomStart) {
  for (const std::string& name : all_optimizers()) {
    if (name == "square") continue;  // which starts at random anyway
    Parameters parameters = parameters_of(name);
    parameters.emplace_back("random_start", true);
    expect_the_optimum(name, Linear(Norm::inf), parameters);
  }
}

TEST(LinearOptimum, IsReachedByScoresAlone) {
  for (const std::string& name : score_optimizers) {
    expect_the_optimum(name, Linear(Norm::inf), parameters_of(name));
    if (name == "square") continue;
    Parameters parameters = parameters_of(name);
    parameters.emplace_back(name == "nes" ? "step_size" : "learning_rate", 5.);
    expect_the_optimum(name, Linear(Norm::two), parameters);
  }
  expect_the_optimum("square", Linear::hills(), parameters_of("square"));
}

}  // namespace
}  // namespace faceoff
