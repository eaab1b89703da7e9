// The distance of embeddings, d = ‖f(x') − f(x)‖² or its root: away from the clean face, −d, as Cherepanova et al.,
// "LowKey: Leveraging Adversarial Attacks to Protect Social Media Users from Facial Recognition", ICLR 2021, whose
// ‖f(x) − f(x')‖² / ‖f(x)‖ it is for embeddings of unit length, and Zhong and Deng (DFANet), TIFS 2020; or toward the
// target, +d, with f(t) in the place of f(x). LowKey adds the same on a blurred picture: an augmentation's to say.
#include <faceoff/loss.hpp>
#include <faceoff/similarity.hpp>

#include <ATen/ATen.h>

#include <string>

namespace {

using namespace faceoff;

/// At the clean picture itself the gradient away from it is zero: an augmentation or a random start gives the first
/// step its direction.
class FeatureDistance : public Loss {
 public:
  static void describe(Schema<FeatureDistance>& s) {
    s.name("feature_distance")
        .summary("Away from the clean face by the distance of embeddings (LowKey), or toward the target by it");
    s.cites("Cherepanova et al., LowKey: Leveraging Adversarial Attacks to Protect Social Media Users, ICLR 2021");
    s.param("aim", &FeatureDistance::aim_,
            "away: minus the distance from the clean face's embedding; toward: the mean distance from the target's")
        .choices({"away", "toward"});
    s.param("squared", &FeatureDistance::squared_, "the squared distance, or the distance itself");
    s.param("centre", &FeatureDistance::centre_,
            "first subtract the mean embedding of [data] people from all, and normalise again");
  }

  Field needs() const override {
    return Field::embedding | (aim_ == "toward" ? Field::targets : Field::none) | (centre_ ? Field::mean : Field::none);
  }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    const at::Tensor mean = centre_ ? reference.mean : at::Tensor();
    const at::Tensor from = centred(adversarial.embedding, mean);
    if (aim_ == "away") return -length(from - centred(reference.clean.embedding, mean));
    const at::Tensor targets = centred(reference.targets.flatten(1, 2), mean);  // [R,T·K,D]
    const at::Tensor there = (targets != 0).any(2);                             // zeros pad
    return (length(from.unsqueeze(1) - targets) * there).sum(1) / there.sum(1).clamp_min(1);
  }

 private:
  /// Of differences [...,D]; the root is kept off 0, where it has no slope.
  at::Tensor length(const at::Tensor& difference) const {
    const at::Tensor squares = difference.square().sum(-1);
    return squared_ ? squares : (squares + 1e-12).sqrt();
  }

  std::string aim_ = "away";
  bool squared_ = true;
  bool centre_ = false;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<FeatureDistance>();
}
