// Random light, an image its own: contrast and brightness, c·(x − 127.5) + 127.5 + b with c ~ U(1 ± contrast) and
// b ~ U(±brightness), among the transformations of Athalye et al., "Synthesizing Robust Adversarial Examples", ICML
// 2018, whose expectation is attacked; and before them, where gamma is asked for, 255·((1 + x)^γ − 1) / (256^γ − 1)
// with γ = e^U(±gamma), which unlike 255·(x/255)^γ has a finite slope at black. What leaves [0,255] is not clipped, so
// that its gradient is not lost.
#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class Colour : public Augmentation {
 public:
  static void describe(Schema<Colour>& s) {
    s.name("colour").summary("Changes contrast, brightness and gamma of each image at random");
    s.cites("Athalye et al., Synthesizing Robust Adversarial Examples, ICML 2018");
    s.param("contrast", &Colour::contrast_, "largest change of contrast about the middle grey, either way")
        .unit("shares")
        .range(0, 1);
    s.param("brightness", &Colour::brightness_, "largest change of brightness, either way")
        .unit("grey levels")
        .range(0, 255);
    s.param("gamma", &Colour::gamma_, "natural logarithm of the largest gamma; the smallest is its inverse; 0: none")
        .range(0, 2);
  }

  Images operator()(const Images& images, Random& random) override {
    const auto drawn = [&](double most) { return random.uniform(-most, most, {1, 1, 1}); };
    const at::Tensor contrast = 1 + drawn(contrast_), brightness = drawn(brightness_), gamma = drawn(gamma_).exp();
    constexpr double middle = 127.5;
    const at::Tensor bent = gamma_ > 0 ? power(images.pixels, gamma) : images.pixels;
    return {bent * contrast + (middle * (1 - contrast) + brightness), images.map, images.landmarks};
  }

 private:
  /// From 0 to 0 and from 255 to 255; a straight line below 0, where another augmentation may have led.
  static at::Tensor power(const at::Tensor& x, const at::Tensor& gamma) {
    const at::Tensor size = 255 / (at::pow(256., gamma) - 1);
    return size * at::where(x < 0, gamma * x, at::pow(1 + x.clamp_min(0), gamma) - 1);
  }

  double contrast_ = .3;
  double brightness_ = 20;
  double gamma_ = 0;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Colour>();
}
