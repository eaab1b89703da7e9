// Dodging: a face that is no longer like itself.
#include <faceoff/loss.hpp>

#include <ATen/ATen.h>

class Dodge : public faceoff::Loss {
 public:
  static void describe(faceoff::Schema<Dodge>& s) {
    s.name("dodge").summary("Leads a face away from its own person: the mean dot product with its own embeddings");
  }

  faceoff::Field needs() const override { return faceoff::Field::embedding; }

  at::Tensor operator()(const faceoff::Output& adversarial, const faceoff::Reference& reference) const override {
    return at::matmul(reference.own, adversarial.embedding.unsqueeze(2)).squeeze(2).mean(1);
  }
};

FACEOFF_PLUGINS(registrar) {
  registrar.add<Dodge>();
}
