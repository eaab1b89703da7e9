// Squares of one grey level over each image. Yang et al., "Delving into the Adversarial Robustness on Face
// Recognition", 2020: CIM covers one square with its middle anywhere (8 of 112 pixels), LGC squares about 4 of the
// face's landmarks, other ones in each step, of 68 not those of the jaw. DeVries and Taylor, "Improved Regularization
// of Convolutional Neural Networks with Cutout", 2017. Where a face has no landmarks, squares lie anywhere.
#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>

#include <algorithm>

namespace {

using namespace faceoff;

class Cutout : public Augmentation {
 public:
  static void describe(Schema<Cutout>& s) {
    s.name("cutout").summary("Covers squares of each image, anywhere (CIM) or about landmarks of the face (LGC)");
    s.cites("Yang et al., Delving into the Adversarial Robustness on Face Recognition, 2020");
    s.param("place", &Cutout::place_, "where the squares' middles lie").choices({"anywhere", "landmarks"});
    s.param("squares", &Cutout::squares_, "how many; LGC: 4").range(1, 64);
    s.param("side", &Cutout::side_, "a square's side").unit("shares of the image's longer side").range(0, 1);
    s.param("fill", &Cutout::fill_, "what they are filled with").unit("grey levels").range(0, 255);
  }

  Images operator()(const Images& images, Random& random) override {
    const std::int64_t height = images.pixels.size(2), width = images.pixels.size(3);
    const at::Tensor middles = place(images, random);  // [R,squares,2]
    const double half = side_ * static_cast<double>(std::max(height, width)) / 2;
    const auto covers = [&](std::int64_t axis, std::int64_t side) {
      return (at::arange(side, middles.options()) + .5 - middles.select(2, axis).unsqueeze(2)).abs() <= half;
    };
    const at::Tensor covered = (covers(1, height).unsqueeze(3) & covers(0, width).unsqueeze(2)).any(1, true);
    return {images.pixels.masked_fill(covered, fill_), images.map, images.landmarks};
  }

 private:
  at::Tensor place(const Images& images, Random& random) const {
    constexpr std::int64_t all = 68, of_jaw = 17;
    const at::TensorOptions options = images.pixels.options().requires_grad(false);
    if (place_ == "anywhere" || !images.landmarks.defined()) {
      const at::Tensor sides = at::tensor({images.pixels.size(3), images.pixels.size(2)}, options);
      return random.uniform(0, 1, {squares_, 2}) * sides;
    }
    at::Tensor points = images.landmarks.to(options);
    if (points.size(1) == all) points = points.narrow(1, of_jaw, all - of_jaw);
    // The first few of a random order, so that no point is taken twice.
    const at::Tensor order = random.uniform(0, 1, {points.size(1)}).argsort(/*stable=*/true, 1);
    const at::Tensor chosen = order.narrow(1, 0, std::min(squares_, points.size(1)));
    return points.gather(1, chosen.unsqueeze(2).expand({-1, -1, 2}));
  }

  std::string place_ = "anywhere";
  std::int64_t squares_ = 1;
  double side_ = 8. / 112;
  double fill_ = 0;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Cutout>();
}
