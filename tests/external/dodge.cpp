// Dodging: a face that is no longer like itself.
#include <faceoff/loss.hpp>
#include <faceoff/similarity.hpp>

class Dodge : public faceoff::Loss {
 public:
  static void describe(faceoff::Schema<Dodge>& s) {
    s.name("dodge").summary("Leads a face away from its own person: the mean dot product with its own embeddings");
  }

  faceoff::Field needs() const override { return faceoff::Field::embedding; }

  at::Tensor operator()(const faceoff::Output& adversarial, const faceoff::Reference& reference) const override {
    return faceoff::mean_similarity(adversarial.embedding, reference.own);
  }
};

FACEOFF_PLUGINS(registrar) {
  registrar.add<Dodge>();
}
