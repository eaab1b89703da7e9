// The original system's random crop: a square of U{.9..1} of the side at a random place, bilinear back to the whole.
#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>

#include <vector>

namespace {

using namespace faceoff;

class RandomCrop : public Augmentation {
 public:
  static void describe(Schema<RandomCrop>& s) {
    s.name("random_crop").summary("Cuts a random part out of each view and enlarges it back, bilinear");
    s.cites("The original Face/Off's recipe");
    s.param("low", &RandomCrop::low_, "smallest side").unit("shares of the view's side").range(.05, 1);
    s.param("high", &RandomCrop::high_, "largest side").unit("shares of the view's side").range(.05, 1);
  }

  void setup(const Setup&) override {
    if (low_ > high_) throw ConfigError("low = " + std::to_string(low_) + " is above high = " + std::to_string(high_));
  }

  Images operator()(const Images& images, Random& random) override {
    const std::int64_t height = images.pixels.size(2), width = images.pixels.size(3);
    std::vector<at::Tensor> rows;
    std::vector<Move> moves;
    for (const Window& w : random_windows(random, height, width, low_, high_)) {
      const at::Tensor row = images.pixels.narrow(0, static_cast<std::int64_t>(rows.size()), 1);
      const at::Tensor part = row.narrow(2, w.top, w.height).narrow(3, w.left, w.width);
      rows.push_back(at::upsample_bilinear2d(part, {height, width}, /*align_corners=*/false));
      const double sx = static_cast<double>(width) / static_cast<double>(w.width);
      const double sy = static_cast<double>(height) / static_cast<double>(w.height);
      moves.push_back({sx, -sx * static_cast<double>(w.left), sy, -sy * static_cast<double>(w.top)});
    }
    return moved(images, rows, moves);
  }

 private:
  double low_ = .9;
  double high_ = 1;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<RandomCrop>();
}
