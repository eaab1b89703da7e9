// Chow et al., "Adversarial Objectness Gradient Attacks in Real-time Object Detection Systems" (TOG), TPS 2020, the
// object-fabrication attack: the cross-entropy of all scores with "a face everywhere", −Σ log p, here −Σ log((p +
// e)/e), whose slope is finite where a score is 0, and which is 0 there, so that padding counts for nothing.
#include <faceoff/loss.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class DetectionFabricate : public Loss {
 public:
  static void describe(Schema<DetectionFabricate>& s) {
    s.name("detection_fabricate").summary("Faces are found everywhere: -sum of log(score) over all boxes (TOG)");
    s.cites("Chow et al., Adversarial Objectness Gradient Attacks in Real-time Object Detection Systems, TPS 2020");
    s.param("least", &DetectionFabricate::least_, "what is added to probabilities inside of the logarithm")
        .range(1e-9, 1);
  }

  Field needs() const override { return Field::scores; }

  at::Tensor operator()(const Output& adversarial, const Reference&) const override {
    return -at::log((adversarial.scores + least_) / least_).sum(1);
  }

 private:
  double least_ = 1e-4;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<DetectionFabricate>();
}
