// The original system's recognition loss: the mean dot product with all of the target's embeddings, to be raised.
#include <faceoff/loss.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class Similarity : public Loss {
 public:
  static void describe(Schema<Similarity>& s) {
    s.name("similarity")
        .summary("Makes a face pass for the target: minus the mean dot product with the target's embeddings");
    s.cites("The original Face/Off's recognition loss");
  }

  Field needs() const override { return Field::embedding | Field::targets; }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    const at::Tensor targets = reference.targets.flatten(1, 2);                                      // [R,T·K,D]
    const at::Tensor products = at::matmul(targets, adversarial.embedding.unsqueeze(2)).squeeze(2);  // [R,T·K]
    const at::Tensor there = targets.abs().sum(2) > 0;                                               // zeros pad
    return -(products * there).sum(1) / there.sum(1).clamp_min(1);
  }
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Similarity>();
}
