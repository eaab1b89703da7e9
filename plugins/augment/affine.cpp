// A random similarity of each image: one of the transformations of Athalye et al., "Synthesizing Robust Adversarial
// Examples", ICML 2018, whose expectation is attacked. A point p goes to
//   c + s·R(θ)·M·(p − c) + t,
// about the middle c, with the angle θ ~ U(±rotation), the scale s = e^U(±scale), the shift t ~ U(±shift) of the sides,
// and M a mirror of left and right, or none. Bilinear, so that the gradient goes back to the four pixels that each was
// made of.
#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

namespace {

using namespace faceoff;

class Affine : public Augmentation {
 public:
  static void describe(Schema<Affine>& s) {
    s.name("affine").summary("Turns, scales, shifts and mirrors each image at random about its middle, bilinear");
    s.cites("Athalye et al., Synthesizing Robust Adversarial Examples, ICML 2018");
    s.param("rotation", &Affine::rotation_, "largest angle, either way").unit("radians").range(0, 3.1416);
    s.param("scale", &Affine::scale_, "natural logarithm of the largest scale; the smallest is its inverse")
        .range(0, 2);
    s.param("shift", &Affine::shift_, "largest shift, either way").unit("shares of the side").range(0, 1);
    s.param("mirror", &Affine::mirror_, "probability that left and right are swapped").range(0, 1);
    s.param("padding", &Affine::padding_, "what lies beyond the border: black, the border repeated, or mirrored")
        .choices({paddings.begin(), paddings.end()});
  }

  Images operator()(const Images& images, Random& random) override {
    const auto w = static_cast<double>(images.pixels.size(3)), h = static_cast<double>(images.pixels.size(2));
    const at::Tensor map = draw(random, w, h);
    // Each pixel is taken from where the way back leads, in coordinates that are -1 and 1 at the borders.
    const at::Tensor pixels_of_unit = scaled(w / 2, w / 2, h / 2, h / 2), unit = scaled(2 / w, -1, 2 / h, -1);
    const at::Tensor back = compose(compose(unit.expand_as(map), undone(map)), pixels_of_unit.expand_as(map));
    const at::TensorOptions options = images.pixels.options().requires_grad(false);
    const at::Tensor grid = at::affine_grid_generator(back.to(options), images.pixels.sizes(), align_corners);
    const auto padding = std::ranges::find(paddings, padding_) - paddings.begin();
    return moved(images, at::grid_sampler_2d(images.pixels, grid, bilinear, padding, align_corners), map);
  }

 private:
  static constexpr bool align_corners = false;
  static constexpr std::int64_t bilinear = 0;
  static constexpr std::array paddings = {"zeros", "border", "reflection"};  ///< in LibTorch's order

  /// A map [R,2,3] a row, for images of this width and height.
  at::Tensor draw(Random& random, double w, double h) const {
    const auto drawn = [&](double most) { return random.uniform(-most, most).to(at::kCPU, at::kDouble); };
    const at::Tensor angle = drawn(rotation_), scale = drawn(scale_).exp();
    const at::Tensor shift = at::stack({drawn(shift_) * w, drawn(shift_) * h}, 1);
    const at::Tensor mirrored = random.uniform(0, 1).to(at::kCPU, at::kDouble) < mirror_;
    const at::Tensor sign = 1 - 2 * mirrored.to(at::kDouble), a = scale * angle.cos(), b = scale * angle.sin();
    const at::Tensor linear = at::stack({a * sign, -b, b * sign, a}, 1).view({-1, 2, 2});
    const at::Tensor middle = at::tensor({w / 2, h / 2}, at::kDouble);
    return at::cat({linear, (middle + shift - at::matmul(linear, middle)).unsqueeze(2)}, 2);
  }

  static at::Tensor scaled(double sx, double tx, double sy, double ty) {
    return at::tensor({sx, 0., tx, 0., sy, ty}, at::kDouble).view({1, 2, 3});
  }

  /// The inverse of similarities, mirrored or not, [R,2,3].
  static at::Tensor undone(const at::Tensor& map) {
    const at::Tensor linear = map.narrow(2, 0, 2);
    const at::Tensor back = linear.transpose(1, 2) / linear.square().sum({1, 2}, true).div(2);
    return at::cat({back, -at::matmul(back, map.narrow(2, 2, 1))}, 2);
  }

  double rotation_ = .2;
  double scale_ = .18;
  double shift_ = .05;
  double mirror_ = .5;
  std::string padding_ = "zeros";
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Affine>();
}
