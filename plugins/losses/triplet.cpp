// Schroff et al., "FaceNet: A Unified Embedding for Face Recognition and Clustering", CVPR 2015: the loss that trains
// embedders, with the target in the positive's place and one's own face in the negative's.
#include <faceoff/loss.hpp>
#include <faceoff/similarity.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

/// Once a face is nearer to the target by the margin, the loss is 0 and so is its gradient: what is left of the budget
/// goes to the other losses, or to nobody.
class Triplet : public Loss {
 public:
  static void describe(Schema<Triplet>& s) {
    s.name("triplet").summary(
        "Nearer to the target than to oneself: max(0, margin + d(x', target) - d(x', own)), d the mean squared "
        "distance");
    s.cites("Schroff et al., FaceNet: A Unified Embedding for Face Recognition and Clustering, CVPR 2015");
    s.param("margin", &Triplet::margin_, "by how much nearer is enough; 4 never is").range(0, 4);
    s.param("centre", &Triplet::centre_,
            "first subtract the mean embedding of [data] people from all, and normalise again");
  }

  Field needs() const override { return Field::embedding | Field::targets | (centre_ ? Field::mean : Field::none); }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    const at::Tensor mean = centre_ ? reference.mean : at::Tensor();
    const at::Tensor toward = mean_similarity(adversarial.embedding, reference.targets, mean);
    const at::Tensor own = mean_similarity(adversarial.embedding, reference.own, mean);
    return at::relu(margin_ + 2 * (own - toward));  // of unit vectors |a - b|^2 = 2 - 2 a·b
  }

 private:
  double margin_ = .2;
  bool centre_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Triplet>();
}
