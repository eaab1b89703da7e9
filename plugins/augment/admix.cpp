// Wang et al., "Admix: Enhancing the Transferability of Adversarial Attacks", ICCV 2021: x + η·x', with x' views of
// other people, a copy of the row for each; each copy at several scales, (x + η·x')/2^i.
#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>

#include <cmath>

namespace {

using namespace faceoff;

class Admix : public Augmentation {
 public:
  static void describe(Schema<Admix>& s) {
    s.name("admix").summary("Mixes a part of other people's views into copies of each view, at several scales");
    s.cites("Wang et al., Admix: Enhancing the Transferability of Adversarial Attacks, ICCV 2021");
    s.param("people", &Admix::people_, "other people, a copy of the view each").range(1, 16);
    s.param("scales", &Admix::scales_, "copies of each, halved in brightness from one to the next").range(1, 8);
    s.param("strength", &Admix::strength_, "how much of the other person is added").range(0, 1);
  }

  std::int64_t partners() const override { return people_; }

  Images operator()(const Images& images, Random&) override {
    const at::Tensor mixed = images.pixels.unsqueeze(1) + strength_ * images.partners;  // [R,P,3,H,W]
    std::vector<at::Tensor> scaled;
    for (std::int64_t i = 0; i < scales_; ++i) scaled.push_back(mixed * std::pow(.5, static_cast<double>(i)));
    Images copied = repeated({{}, images.map, images.landmarks}, people_ * scales_);
    copied.pixels = at::stack(scaled, 2).flatten(0, 2);
    return copied;
  }

 private:
  std::int64_t people_ = 3;
  std::int64_t scales_ = 5;
  double strength_ = .2;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Admix>();
}
