// Yang et al., "Towards Face Encryption by Generating Adversarial Identity Masks" (TIP-IM), ICCV 2021: the gain log(1 +
// exp(D(x',x) − D(x',t))), to be raised. With unit embeddings D(x',x) − D(x',t) = 2 f(x')·(f(t) − f(x)) for squared
// distances. There each step goes for the target with the largest gain; f(x) is the same for all, so that it is the one
// that f(x') is most like, which the host chooses: [attack] target = { choice = "gain" }.
#include <faceoff/loss.hpp>
#include <faceoff/similarity.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class TargetGain : public Loss {
 public:
  static void describe(Schema<TargetGain>& s) {
    s.name("target_gain")
        .summary(
            "Toward the target and away from oneself by TIP-IM's gain, in which a face that is far from it counts "
            "less");
    s.cites("Yang et al., Towards Face Encryption by Generating Adversarial Identity Masks, ICCV 2021");
    s.param("lambda", &TargetGain::lambda_, "how much getting away counts beside getting there").range(0, 1e6);
    s.param("centre", &TargetGain::centre_,
            "first subtract the mean embedding of [data] people from all, and normalise again");
  }

  Field needs() const override { return Field::embedding | Field::targets | (centre_ ? Field::mean : Field::none); }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    const at::Tensor mean = centre_ ? reference.mean : at::Tensor();
    const at::Tensor toward = mean_similarity(adversarial.embedding, reference.targets, mean);
    const at::Tensor own = mean_similarity(adversarial.embedding, reference.own, mean);
    return -at::softplus(2 * (toward - lambda_ * own));
  }

 private:
  double lambda_ = 1;
  bool centre_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<TargetGain>();
}
