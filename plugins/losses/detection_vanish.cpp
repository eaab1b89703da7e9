// Chow et al., "Adversarial Objectness Gradient Attacks in Real-time Object Detection Systems" (TOG), TPS 2020, the
// object-vanishing attack: the cross-entropy of all scores with "nothing there", −Σ log(1 − p), here −Σ log((1 − p + e)
// / (1 + e)), whose slope is finite where a score is 1, and which is 0 where it is 0, so that padding counts for
// nothing. With `hidden` a box counts for as long as its score is no lower than that: where several detectors count by
// gradients of one size, one that finds nothing any more leaves the budget to the others.
#include <faceoff/loss.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class DetectionVanish : public Loss {
 public:
  static void describe(Schema<DetectionVanish>& s) {
    s.name("detection_vanish").summary("Nothing is found any more: -sum of log(1 - score) over all boxes (TOG)");
    s.cites("Chow et al., Adversarial Objectness Gradient Attacks in Real-time Object Detection Systems, TPS 2020");
    s.param("least", &DetectionVanish::least_, "what is added to probabilities inside of the logarithm").range(1e-9, 1);
    s.param("hidden", &DetectionVanish::hidden_, "boxes with a lower score count no more").range(0, 1);
  }

  Field needs() const override { return Field::scores; }

  at::Tensor operator()(const Output& adversarial, const Reference&) const override {
    const at::Tensor seen = (adversarial.scores >= hidden_).to(adversarial.scores.scalar_type());
    return -(at::log((1 - adversarial.scores + least_) / (1 + least_)) * seen).sum(1);
  }

 private:
  double hidden_ = 0;
  double least_ = 1e-4;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<DetectionVanish>();
}
