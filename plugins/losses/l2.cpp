// The mean squared difference from the clean picture, Σ (x' − x)² / (3·H·W), in squared grey levels: of
// 10·log10(255²/d) the d, and the ‖δ‖₂² that Carlini and Wagner, "Towards Evaluating the Robustness of Neural
// Networks", S&P 2017, keep small beside their attack's goal. It looks at the subject's own pixels.
#include <faceoff/loss.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class L2 : public Loss {
 public:
  static void describe(Schema<L2>& s) {
    s.name("l2").summary("Keeps the picture near the clean one: the mean squared difference, in squared grey levels");
    s.cites("Carlini and Wagner, Towards Evaluating the Robustness of Neural Networks, S&P 2017");
  }

  Field needs() const override { return Field::picture; }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    return (adversarial.picture - reference.clean.picture).square().mean({1, 2, 3});
  }
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<L2>();
}
