// f(x')·(f(t) - λ f(x)), to be raised. For λ = 1 the difference of distances in Yang et al., "Towards Face Encryption
// by Generating Adversarial Identity Masks" (TIP-IM), ICCV 2021, as unit embeddings' dot products have it.
#include <faceoff/loss.hpp>
#include <faceoff/similarity.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class PushPull : public Loss {
 public:
  static void describe(Schema<PushPull>& s) {
    s.name("push_pull")
        .summary(
            "Toward the target and away from oneself: minus the mean dot product with the target's embeddings, plus "
            "lambda times that with one's own");
    s.cites("Yang et al., Towards Face Encryption by Generating Adversarial Identity Masks, ICCV 2021");
    s.param("lambda", &PushPull::lambda_, "how much getting away counts beside getting there").range(0, 1e6);
    s.param("centre", &PushPull::centre_,
            "first subtract the mean embedding of [data] people from all, and normalise again");
  }

  Field needs() const override { return Field::embedding | Field::targets | (centre_ ? Field::mean : Field::none); }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    const at::Tensor mean = centre_ ? reference.mean : at::Tensor();
    const at::Tensor toward = mean_similarity(adversarial.embedding, reference.targets, mean);
    return lambda_ * mean_similarity(adversarial.embedding, reference.own, mean) - toward;
  }

 private:
  double lambda_ = 1;
  bool centre_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<PushPull>();
}
