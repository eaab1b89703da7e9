// Sharif et al., "Accessorize to a Crime: Real and Stealthy Attacks on State-of-the-Art Face Recognition", CCS 2016,
// whose dodging leads a face away from its own person, whoever it then resembles; here on embeddings.
#include <faceoff/loss.hpp>
#include <faceoff/similarity.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

/// At the clean picture itself the dot product is at its highest, so that its gradient there is next to nothing and
/// points anywhere: an augmentation or a random start gives the first step its direction.
class Dodging : public Loss {
 public:
  static void describe(Schema<Dodging>& s) {
    s.name("dodging").summary("Leads a face away from its own person: the mean dot product with its own embeddings");
    s.cites("Sharif et al., Accessorize to a Crime, CCS 2016, on embeddings");
    s.param("centre", &Dodging::centre_,
            "first subtract the mean embedding of [data] people from all, and normalise again");
  }

  Field needs() const override { return Field::embedding | (centre_ ? Field::mean : Field::none); }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    return mean_similarity(adversarial.embedding, reference.own, centre_ ? reference.mean : at::Tensor());
  }

 private:
  bool centre_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Dodging>();
}
