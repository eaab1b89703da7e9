#pragma once

#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support.hpp"

namespace faceoff {

/// An objective that a function of x and of the draw makes: it counts, records and stops as the host does.
class Toy : public Objective {
 public:
  /// What is there at x, [k·B,3,H,W], with a gradient whether it is asked for or not. `draw` counts what was drawn.
  using Function = std::function<Evaluation(const at::Tensor& x, std::int64_t draw)>;

  Toy(Function function, std::vector<std::uint64_t> keys)
      : function_(std::move(function)), random_(1, std::move(keys), at::kDouble) {}

  at::Tensor reached(const at::Tensor& x) override { return at::zeros({x.size(0)}, at::kBool); }
  Random& random() override { return random_; }

  std::vector<at::Tensor> seen;         ///< every point that it was asked about
  std::vector<at::Tensor> gradients;    ///< those among them with a gradient
  std::int64_t steps = 0;               ///< begun so far
  std::int64_t most_steps = 1LL << 40;  ///< after which the loop ends

 protected:
  Evaluation answer(const at::Tensor& x, bool gradient, Draw draw) override {
    seen.push_back(x.clone());
    if (gradient) gradients.push_back(x.clone());
    if (draw == Draw::anew || draws_ == 0) ++draws_;
    Evaluation all = function_(x, draws_);
    if (!gradient) all.gradient = at::Tensor();
    return all;
  }
  bool start_step(std::int64_t, std::int64_t) override {
    if (steps == most_steps) return false;
    random_.start_step(++steps);
    return true;
  }

 private:
  Function function_;
  Random random_;
  std::int64_t draws_ = 0;
};

/// Within the budget; outside the mask to the bit.
inline void expect_within(const Budget& budget, const at::Tensor& x) {
  EXPECT_LE(budget.excess(x).max().item<double>(), budget.norm == Norm::inf ? 0 : 1e-9);
  EXPECT_EQ(((x - budget.origin) * (1 - budget.mask)).abs().max().item<double>(), 0);
  EXPECT_GE(x.min().item<double>(), 0);
  EXPECT_LE(x.max().item<double>(), 255);
}

inline const std::vector<std::string> gradient_optimizers = {"pgd", "momentum_pgd", "apgd", "adam", "carlini_wagner"};
inline const std::vector<std::string> score_optimizers = {"nes", "spsa", "square"};

inline std::vector<std::string> all_optimizers() {
  std::vector<std::string> all = gradient_optimizers;
  all.insert(all.end(), score_optimizers.begin(), score_optimizers.end());
  return all;
}

}  // namespace faceoff
