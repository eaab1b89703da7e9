// The original system's recognition loss: the mean dot product with all of the target's embeddings, to be raised.
#include <faceoff/loss.hpp>
#include <faceoff/similarity.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class Similarity : public Loss {
 public:
  static void describe(Schema<Similarity>& s) {
    s.name("similarity")
        .summary("Makes a face pass for the target: minus the mean dot product with the target's embeddings");
    s.cites("The original Face/Off's recognition loss");
    s.param("centre", &Similarity::centre_,
            "first subtract the mean embedding of [data] people from all, and normalise again");
  }

  Field needs() const override { return Field::embedding | Field::targets | (centre_ ? Field::mean : Field::none); }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    return -mean_similarity(adversarial.embedding, reference.targets, centre_ ? reference.mean : at::Tensor());
  }

 private:
  bool centre_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Similarity>();
}
