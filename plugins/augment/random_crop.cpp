// The original system's random crop: a square of U{.9..1} of the side at a random place, bilinear back to the whole.
#include <faceoff/augmentation.hpp>

#include <ATen/Functions.h>

#include <cmath>
#include <vector>

namespace {

using namespace faceoff;

class RandomCrop : public Augmentation {
 public:
  static void describe(Schema<RandomCrop>& s) {
    s.name("random_crop").summary("Cuts a random part out of each view and enlarges it back, bilinear");
    s.cites("The original Face/Off's recipe");
    s.param("low", &RandomCrop::low_, "smallest side").unit("of the view's side").range(.05, 1);
    s.param("high", &RandomCrop::high_, "largest side").unit("of the view's side").range(.05, 1);
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
      const auto cut = [&](std::int64_t side) {
        return std::llround(share[r].item<double>() * static_cast<double>(side));
      };
      const std::int64_t h = cut(height), w = cut(width);
      const auto offset = [&](std::int64_t axis, std::int64_t free) {
        return static_cast<std::int64_t>(place[r][axis].item<double>() * static_cast<double>(free + 1));
      };
      const std::int64_t top = offset(0, height - h), left = offset(1, width - w);
      const at::Tensor part = images.pixels.narrow(0, r, 1).narrow(2, top, h).narrow(3, left, w);
      rows.push_back(at::upsample_bilinear2d(part, {height, width}, /*align_corners=*/false));
      const double sx = static_cast<double>(width) / static_cast<double>(w);
      const double sy = static_cast<double>(height) / static_cast<double>(h);
      maps.push_back(at::tensor({sx, 0., -sx * static_cast<double>(left), 0., sy, -sy * static_cast<double>(top)},
                                images.map.options())
                         .view({1, 2, 3}));
    }
    const at::Tensor map = at::cat(maps);
    return {at::cat(rows), compose(map, images.map),
            images.landmarks.defined() ? apply_map(map, images.landmarks) : images.landmarks};
  }

 private:
  double low_ = .9;
  double high_ = 1;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<RandomCrop>();
}
