// Gaussian blur of each image by a width of its own, σ ~ U(low, high). Cherepanova et al., "LowKey: Leveraging
// Adversarial Attacks to Protect Social Media Users from Facial Recognition", ICLR 2021, attack blurred pictures beside
// plain ones. The kernel goes three of the largest deviations either way; the border is mirrored, as OpenCV does.
#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace {

using namespace faceoff;

class Blur : public Augmentation {
 public:
  static void describe(Schema<Blur>& s) {
    s.name("blur").summary("Blurs each image with a Gaussian of random width");
    s.cites("Cherepanova et al., LowKey, ICLR 2021");
    s.param("low", &Blur::low_, "smallest standard deviation").unit("pixels").range(.05, 50);
    s.param("high", &Blur::high_, "largest standard deviation").unit("pixels").range(.05, 50);
  }

  void setup(const Setup&) override {
    if (low_ > high_) throw ConfigError("low = " + std::to_string(low_) + " is above high = " + std::to_string(high_));
  }

  Images operator()(const Images& images, Random& random) override {
    const at::Tensor sigma = random.uniform(low_, high_, {1});  // [R,1]
    return {along(along(images.pixels, 2, sigma), 3, sigma), images.map, images.landmarks};
  }

 private:
  /// A convolution of each row with its own kernel: rows and channels are groups.
  at::Tensor along(const at::Tensor& pixels, std::int64_t axis, const at::Tensor& sigma) const {
    constexpr std::int64_t none = 0;
    const bool down = axis == 2;
    const std::int64_t half = std::min(static_cast<std::int64_t>(std::ceil(3 * high_)), pixels.size(axis) - 1);
    const at::Tensor bell = (-(at::arange(-half, half + 1, sigma.options()) / sigma).square() / 2).exp();
    const at::Tensor kernel = (bell / bell.sum(1, true)).repeat_interleave(3, 0).unsqueeze(1).unsqueeze(down ? 3 : 2);
    const at::Tensor wider =
        down ? at::reflection_pad2d(pixels, {0, 0, half, half}) : at::reflection_pad2d(pixels, {half, half, 0, 0});
    return at::conv2d(wider.flatten(0, 1).unsqueeze(0), kernel, {}, {1, 1}, {none, none}, {1, 1}, kernel.size(0))
        .view(pixels.sizes());
  }

  double low_ = .5;
  double high_ = 1.5;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Blur>();
}
