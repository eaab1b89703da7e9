// Writes down what an optimizer sees: the subjects, a random point of their budget, and value and gradient there.
#include <faceoff/error.hpp>
#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>

#include <fstream>
#include <string>

namespace {

using namespace faceoff;

class Gradients : public Optimizer {
 public:
  static void describe(Schema<Gradients>& s) {
    s.name("gradients").summary("Writes down the gradient at a random point of the budget, and leaves all as it is");
    s.param("file", &Gradients::file_, "where to: origin, point and gradient, each of B·3·H·W float32, and B values");
  }

  at::Tensor run(Objective& objective, const Budget& budget) override {
    std::ofstream out(file_, std::ios::binary);
    const auto write = [&](const at::Tensor& values) {
      const at::Tensor plain = values.to(at::kCPU, at::kFloat).contiguous();
      out.write(static_cast<const char*>(plain.const_data_ptr()), static_cast<std::streamsize>(plain.nbytes()));
    };
    for ([[maybe_unused]] const auto step : objective.steps(1)) {
      const at::Tensor point = budget.random_point(objective.random());
      const Evaluation there = objective.value_and_grad(point);
      write(budget.origin), write(point), write(there.gradient), write(there.value);
    }
    if (!out.flush()) throw FileError("cannot write " + file_);
    return budget.origin;
  }

 private:
  std::string file_ = "gradients.f32";
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Gradients>();
}
