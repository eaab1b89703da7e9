// Chow et al., "Adversarial Objectness Gradient Attacks in Real-time Object Detection Systems" (TOG), TPS 2020, of
// whose untargeted attack this is the part that leads boxes astray: Σ p·IoU(b, face) / Σ p over the boxes that overlap
// a true face, each with the one that it overlaps most. The scores p are weights without a gradient, so that a face is
// still found, and not where it is. The mean over boxes, in [0,1].
#include <faceoff/boxes.hpp>
#include <faceoff/error.hpp>
#include <faceoff/loss.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace {

using namespace faceoff;

class DetectionMisplace : public Loss {
 public:
  static void describe(Schema<DetectionMisplace>& s) {
    s.name("detection_misplace")
        .summary("Faces are found elsewhere: the mean IoU of boxes with true faces, by their scores, which stay (TOG)");
    s.cites("Chow et al., Adversarial Objectness Gradient Attacks in Real-time Object Detection Systems, TPS 2020");
  }

  Field needs() const override { return Field::scores | Field::boxes; }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    const bool moves = adversarial.boxes.requires_grad() || !adversarial.scores.requires_grad();
    if (at::GradMode::is_enabled() && !moves)
      throw Error("the model's boxes carry no gradient, so nothing moves them: a loss on its scores can hide faces");
    const at::Tensor iou = overlap(adversarial.boxes, reference.boxes).amax(2);  // [R,N]
    const at::Tensor weight = adversarial.scores.detach() * (iou > 0);
    return (weight * iou).sum(1) / weight.sum(1).clamp_min(1e-12);
  }
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<DetectionMisplace>();
}
