// Xie et al., "Improving Transferability of Adversarial Examples with Input Diversity", CVPR 2019, as the original
// system used it: nearest shrinking to 135..160 of 160 and zero padding at a random place.
#include <faceoff/augmentation.hpp>

#include <ATen/Functions.h>

#include <cmath>
#include <vector>

namespace {

using namespace faceoff;

class RandomScale : public Augmentation {
 public:
  static void describe(Schema<RandomScale>& s) {
    s.name("random_scale").summary("Shrinks each view at random and pads it back with zeros at a random place (DI)");
    s.cites("Xie et al., Improving Transferability of Adversarial Examples with Input Diversity, CVPR 2019");
    s.param("low", &RandomScale::low_, "smallest side").unit("of the view's side").range(.05, 1);
    s.param("high", &RandomScale::high_, "largest side").unit("of the view's side").range(.05, 1);
  }

  void setup(const Setup&) override {
    if (low_ > high_) throw ConfigError("low = " + std::to_string(low_) + " is above high = " + std::to_string(high_));
  }

  Images operator()(const Images& images, Random& random) override {
    const std::int64_t height = images.pixels.size(2), width = images.pixels.size(3);
    const at::Tensor share = random.uniform(low_, high_).to(at::kCPU, at::kDouble);
    const at::Tensor place = random.uniform(0, 1, {2}).to(at::kCPU, at::kDouble);
    std::vector<at::Tensor> rows, maps;
    for (std::int64_t r = 0; r < images.pixels.size(0); ++r) {
      const auto shrunk = [&](std::int64_t side) {
        return std::llround(share[r].item<double>() * static_cast<double>(side));
      };
      const std::int64_t h = shrunk(height), w = shrunk(width);
      const auto margin = [&](std::int64_t axis, std::int64_t free) {
        return static_cast<std::int64_t>(place[r][axis].item<double>() * static_cast<double>(free + 1));
      };
      const std::int64_t top = margin(0, height - h), left = margin(1, width - w);
      const at::Tensor small = at::upsample_nearest2d(images.pixels.narrow(0, r, 1), {h, w});
      rows.push_back(at::constant_pad_nd(small, {left, width - w - left, top, height - h - top}));
      maps.push_back(at::tensor({static_cast<double>(w) / static_cast<double>(width), 0., static_cast<double>(left),  //
                                 0., static_cast<double>(h) / static_cast<double>(height), static_cast<double>(top)},
                                images.map.options())
                         .view({1, 2, 3}));
    }
    const at::Tensor map = at::cat(maps);
    return {at::cat(rows), compose(map, images.map),
            images.landmarks.defined() ? apply_map(map, images.landmarks) : images.landmarks};
  }

 private:
  double low_ = 135. / 160;
  double high_ = 1;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<RandomScale>();
}
