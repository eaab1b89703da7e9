// What happens to pictures where they are shown: made smaller, each pixel the mean of the area that it covers (OpenCV's
// INTER_AREA), to s = U(low, high) of the sides, and, unless enlarge is false, back to their size, bilinear. Guo et
// al., "Countering Adversarial Images using Input Transformations", ICLR 2018, take rescaling for a defence; an attack
// that is averaged over it survives it. Smaller pictures are for at = "picture", since a model's view keeps its size.
#include <faceoff/augmentation.hpp>
#include <faceoff/resample.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace {

using namespace faceoff;

class Resize : public Augmentation {
 public:
  static void describe(Schema<Resize>& s) {
    s.name("resize").summary("Makes each image smaller by areas, at random, and enlarges it back or not");
    s.cites("Guo et al., Countering Adversarial Images using Input Transformations, ICLR 2018");
    s.param("low", &Resize::low_, "smallest side").unit("shares of the image's side").range(.05, 1);
    s.param("high", &Resize::high_, "largest side").unit("shares of the image's side").range(.05, 1);
    s.param("enlarge", &Resize::enlarge_, "back to the size that it had; false: low and high have to be the same");
  }

  void setup(const Setup&) override {
    if (low_ > high_) throw ConfigError("low = " + std::to_string(low_) + " is above high = " + std::to_string(high_));
    if (!enlarge_ && low_ < high_)
      throw ConfigError("enlarge = false leaves images of several sizes; say the same for low and high");
  }

  Images operator()(const Images& images, Random& random) override {
    const std::int64_t height = images.pixels.size(2), width = images.pixels.size(3);
    const at::Tensor drawn = random.uniform(low_, high_).to(at::kCPU, at::kDouble);
    std::vector<at::Tensor> rows;
    std::vector<Move> moves;
    for (std::int64_t r = 0; r < images.pixels.size(0); ++r) {
      const auto share = drawn[r].item<double>();
      const auto part = [&](std::int64_t side) {
        return std::max<std::int64_t>(1, std::llround(share * static_cast<double>(side)));
      };
      const std::int64_t h = part(height), w = part(width);
      const at::Tensor small = resample(images.pixels.narrow(0, r, 1), area(height, h), area(width, w));
      rows.push_back(enlarge_ ? at::upsample_bilinear2d(small, {height, width}, /*align_corners=*/false) : small);
      moves.push_back({.scale_x = enlarge_ ? 1 : static_cast<double>(w) / static_cast<double>(width),
                       .scale_y = enlarge_ ? 1 : static_cast<double>(h) / static_cast<double>(height)});
    }
    return moved(images, rows, moves);
  }

 private:
  double low_ = .5;
  double high_ = 1;
  bool enlarge_ = true;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Resize>();
}
