// Xie et al., "Improving Transferability of Adversarial Examples with Input Diversity", CVPR 2019, as the original
// system used it: nearest shrinking to 135..160 of 160 and zero padding at a random place.
#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>

#include <vector>

namespace {

using namespace faceoff;

class RandomScale : public Augmentation {
 public:
  static void describe(Schema<RandomScale>& s) {
    s.name("random_scale").summary("Shrinks each view at random and pads it back with zeros at a random place (DI)");
    s.cites("Xie et al., Improving Transferability of Adversarial Examples with Input Diversity, CVPR 2019");
    s.param("low", &RandomScale::low_, "smallest side").unit("shares of the view's side").range(.05, 1);
    s.param("high", &RandomScale::high_, "largest side").unit("shares of the view's side").range(.05, 1);
  }

  void setup(const Setup&) override {
    if (low_ > high_) throw ConfigError("low = " + std::to_string(low_) + " is above high = " + std::to_string(high_));
  }

  Images operator()(const Images& images, Random& random) override {
    const std::int64_t height = images.pixels.size(2), width = images.pixels.size(3);
    // In whole numbers: in double, upsample_nearest2d's gradient goes to other pixels than it took at some sizes.
    const auto nearest = [&](std::int64_t from, std::int64_t to) {
      return (at::arange(to, at::kLong) * from).div(to, "floor").to(images.pixels.device());
    };
    std::vector<at::Tensor> rows;
    std::vector<Move> moves;
    for (const Window& w : random_windows(random, height, width, low_, high_)) {
      const at::Tensor row = images.pixels.narrow(0, static_cast<std::int64_t>(rows.size()), 1);
      const at::Tensor small = row.index_select(2, nearest(height, w.height)).index_select(3, nearest(width, w.width));
      rows.push_back(at::constant_pad_nd(small, {w.left, width - w.width - w.left, w.top, height - w.height - w.top}));
      moves.push_back({static_cast<double>(w.width) / static_cast<double>(width), static_cast<double>(w.left),
                       static_cast<double>(w.height) / static_cast<double>(height), static_cast<double>(w.top)});
    }
    return moved(images, rows, moves);
  }

 private:
  double low_ = 135. / 160;
  double high_ = 1;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<RandomScale>();
}
