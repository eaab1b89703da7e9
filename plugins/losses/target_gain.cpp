// Yang et al., "Towards Face Encryption by Generating Adversarial Identity Masks" (TIP-IM), ICCV 2021: of several
// targets each step goes for the one with the largest gain, log(1 + exp(max_j (D(x',x) − D(x',t_j)))), so that the face
// is led to whom it can come to most easily. With unit embeddings D(x',x) − D(x',t) = 2 f(x')·(f(t) − f(x)) for squared
// distances.
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
            "Toward the candidate target that a face is nearest to, and away from oneself; chosen anew in each step");
    s.cites("Yang et al., Towards Face Encryption by Generating Adversarial Identity Masks, ICCV 2021");
    s.param("lambda", &TargetGain::lambda_, "how much getting away counts beside getting there").range(0, 1e6);
    s.param("centre", &TargetGain::centre_,
            "first subtract the mean embedding of [data] people from all, and normalise again");
  }

  Field needs() const override { return Field::embedding | Field::targets | (centre_ ? Field::mean : Field::none); }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    const at::Tensor mean = centre_ ? reference.mean : at::Tensor();
    const at::Tensor own = mean_similarity(adversarial.embedding, reference.own, mean);
    std::vector<at::Tensor> gains;
    for (const at::Tensor& target : reference.targets.unbind(1)) {  // [R,K,D]
      const at::Tensor gain = 2 * (mean_similarity(adversarial.embedding, target, mean) - lambda_ * own);
      const at::Tensor pads = (target == 0).flatten(1).all(1);
      gains.push_back(gain.masked_fill(pads, -1e6));
    }
    return -at::softplus(at::stack(gains).amax(0));
  }

 private:
  double lambda_ = 1;
  bool centre_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<TargetGain>();
}
