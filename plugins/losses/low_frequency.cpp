// The change's low frequencies, mean |φ(x' − x)| with φ the mean over each block of pixels, in grey levels; blocks of
// 2×2 are Haar's low-low band. Luo et al., "Frequency-driven Imperceptible Adversarial Attack on Semantic Similarity"
// (SSAH), CVPR 2022: what is left is fine detail, which the eye misses sooner than a veil over a face. It looks at the
// subject's own pixels.
#include <faceoff/loss.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class LowFrequency : public Loss {
 public:
  static void describe(Schema<LowFrequency>& s) {
    s.name("low_frequency")
        .summary("Keeps the change to fine detail: the mean size of its means over blocks, in grey levels (SSAH)");
    s.cites("Luo et al., Frequency-driven Imperceptible Adversarial Attack on Semantic Similarity, CVPR 2022");
    s.param("block", &LowFrequency::block_, "side of a block: a larger one leaves more of the frequencies alone")
        .unit("pixels")
        .range(2, 64);
  }

  Field needs() const override { return Field::picture; }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    const at::Tensor change = adversarial.picture - reference.clean.picture;
    // Blocks that the picture's end cuts are smaller.
    const at::Tensor means = at::avg_pool2d(change, {block_, block_}, {block_, block_}, {0, 0}, /*ceil_mode=*/true,
                                            /*count_include_pad=*/false);
    return means.abs().mean({1, 2, 3});
  }

 private:
  std::int64_t block_ = 2;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<LowFrequency>();
}
