// 1 − SSIM(x', x): Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", TIP 2004,
// with its Gaussian window of 11×11 and σ 1.5, C1 = (.01·255)², C2 = (.03·255)², the mean over the windows that lie
// within the picture and over R, G and B. That is the SSIM that records have. It looks at the subject's own pixels.
#include <faceoff/loss.hpp>

#include <ATen/ATen.h>

#include <algorithm>

namespace {

using namespace faceoff;

class Ssim : public Loss {
 public:
  static void describe(Schema<Ssim>& s) {
    s.name("ssim").summary("Keeps the picture's structure: 1 - SSIM with the clean picture, from 0 to 2");
    s.cites("Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity, TIP 2004");
  }

  Field needs() const override { return Field::picture; }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    constexpr double c1 = .01 * 255 * .01 * 255, c2 = .03 * 255 * .03 * 255;
    const at::Tensor &x = adversarial.picture, &y = reference.clean.picture;
    const at::Tensor mx = windowed(x), my = windowed(y);
    const at::Tensor vx = windowed(x * x) - mx * mx, vy = windowed(y * y) - my * my;
    const at::Tensor covariance = windowed(x * y) - mx * my;
    const at::Tensor ssim = (2 * mx * my + c1) * (2 * covariance + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2));
    return 1 - ssim.mean({1, 2, 3});
  }

 private:
  /// Means under the window wherever it lies within the picture.
  static at::Tensor windowed(const at::Tensor& picture) {
    const auto gaussian = [&](std::int64_t side) {  // of 11, or as many as there are
      constexpr double deviation = 1.5;
      const double half = static_cast<double>(std::min<std::int64_t>(side, 11) - 1) / 2;
      const at::Tensor place = at::linspace(-half, half, static_cast<std::int64_t>(2 * half) + 1, picture.options());
      const at::Tensor weights = at::exp(place.square() / (-2 * deviation * deviation));
      return weights / weights.sum();
    };
    const at::Tensor below = gaussian(picture.size(2)).view({1, 1, -1, 1}).expand({3, 1, -1, 1});
    const at::Tensor right = gaussian(picture.size(3)).view({1, 1, 1, -1}).expand({3, 1, 1, -1});
    const auto through = [](const at::Tensor& x, const at::Tensor& weights) {  // each channel alone
      return at::conv2d(x, weights, {}, {1, 1}, at::IntArrayRef{0, 0}, {1, 1}, 3);
    };
    return through(through(picture, below), right);
  }
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Ssim>();
}
