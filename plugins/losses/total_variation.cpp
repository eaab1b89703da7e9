// Total variation, the mean over pixels of √((right − here)² + (below − here)²), in grey levels: of the change x' − x,
// as Sharif et al., "Accessorize to a Crime", CCS 2016, keep it smooth, or of the picture x' itself, as Mahendran and
// Vedaldi, "Understanding Deep Image Representations by Inverting Them", CVPR 2015. It looks at the subject's own
// pixels.
#include <faceoff/loss.hpp>

#include <ATen/ATen.h>

#include <string>

namespace {

using namespace faceoff;

class TotalVariation : public Loss {
 public:
  static void describe(Schema<TotalVariation>& s) {
    s.name("total_variation").summary("Keeps the change, or the picture, smooth: its mean variation, in grey levels");
    s.cites("Sharif et al., Accessorize to a Crime, CCS 2016");
    s.param("of", &TotalVariation::of_, "change: of the difference from the clean picture; picture: of the picture")
        .choices({"change", "picture"});
  }

  Field needs() const override { return Field::picture; }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    const at::Tensor p = of_ == "change" ? adversarial.picture - reference.clean.picture : adversarial.picture;
    // The last row and column have no neighbour: nothing is added for it.
    const at::Tensor right = at::constant_pad_nd(p.slice(3, 1) - p.slice(3, 0, -1), {0, 1});
    const at::Tensor below = at::constant_pad_nd(p.slice(2, 1) - p.slice(2, 0, -1), {0, 0, 0, 1});
    constexpr double tiny = 1e-12;  // the root is kept off 0, where it has no slope
    return (right.square() + below.square() + tiny).sqrt().mean({1, 2, 3});
  }

 private:
  std::string of_ = "change";
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<TotalVariation>();
}
