// Dong et al., "Evading Defenses to Transferable Adversarial Examples by Translation-Invariant Attacks", CVPR 2019: the
// gradient of the average over small shifts of the picture is the gradient convolved with a kernel, so it is convolved.
// A gradient filter: the picture itself stays as it is. At the picture.
#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class TranslationInvariant : public Augmentation {
 public:
  static void describe(Schema<TranslationInvariant>& s) {
    s.name("translation_invariant")
        .summary(
            "Smooths the gradient at the picture with a Gaussian kernel (TI); changes no pixel; say at = \"picture\"");
    s.cites(
        "Dong et al., Evading Defenses to Transferable Adversarial Examples by Translation-Invariant Attacks, CVPR "
        "2019");
    s.param("size", &TranslationInvariant::size_, "the kernel's side, an odd number; faces: 7, ImageNet: 15")
        .unit("pixels")
        .range(1, 99);
    s.param("width", &TranslationInvariant::width_, "how many standard deviations half the kernel covers")
        .range(.1, 10);
  }

  void setup(const Setup&) override {
    if (size_ % 2 == 0) throw ConfigError("size = " + std::to_string(size_) + " is even, and a kernel has a middle");
    const at::Tensor places = at::linspace(-width_, width_, size_, at::kDouble);
    const at::Tensor weights = (-places.square() / 2).exp();
    const at::Tensor line = weights / weights.sum();
    kernel_ = at::outer(line, line).expand({3, 1, size_, size_}).contiguous();
  }

  Images operator()(const Images& images, Random&) override {
    const auto smooth = [kernel = kernel_.to(images.pixels.options().requires_grad(false)),
                         half = size_ / 2](const at::Tensor& gradient) {
      return at::conv2d(gradient, kernel, {}, {1, 1}, {half, half}, {1, 1}, 3);
    };
    return {filter_gradient(images.pixels, smooth), images.map, images.landmarks};
  }

 private:
  std::int64_t size_ = 7;
  double width_ = 3;
  at::Tensor kernel_;  ///< [3,1,size,size], sums to 1
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<TranslationInvariant>();
}
