// Xie et al., "Improving Transferability of Adversarial Examples with Input Diversity", CVPR 2019: each image of side n
// is enlarged to a side of U{n..ratio·n}, padded with zeros at a random place to ratio·n, and brought back to n,
// bilinear both times. random_scale is the original Face/Off's variant, which shrinks by nearest pixels.
#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace {

using namespace faceoff;

class ResizePad : public Augmentation {
 public:
  static void describe(Schema<ResizePad>& s) {
    s.name("resize_pad")
        .summary("Enlarges each image at random, pads it with zeros at a random place, and shrinks it back (DI)");
    s.cites("Xie et al., Improving Transferability of Adversarial Examples with Input Diversity, CVPR 2019");
    s.param("ratio", &ResizePad::ratio_, "the padded side over the image's own").range(1, 3);
  }

  Images operator()(const Images& images, Random& random) override {
    const std::int64_t height = images.pixels.size(2), width = images.pixels.size(3);
    const auto whole = [&](std::int64_t side) { return std::llround(ratio_ * static_cast<double>(side)); };
    const std::int64_t tall = whole(height), wide = whole(width);
    const double sx = static_cast<double>(width) / static_cast<double>(wide);
    const double sy = static_cast<double>(height) / static_cast<double>(tall);
    std::vector<at::Tensor> rows;
    std::vector<Move> moves;
    for (const Window& w : random_windows(random, tall, wide, 1 / ratio_, 1)) {
      const at::Tensor row = images.pixels.narrow(0, static_cast<std::int64_t>(rows.size()), 1);
      const at::Tensor larger = at::upsample_bilinear2d(row, {w.height, w.width}, /*align_corners=*/false);
      const at::Tensor padded =
          at::constant_pad_nd(larger, {w.left, wide - w.width - w.left, w.top, tall - w.height - w.top});
      rows.push_back(at::upsample_bilinear2d(padded, {height, width}, /*align_corners=*/false));
      moves.push_back({static_cast<double>(w.width) / static_cast<double>(wide), sx * static_cast<double>(w.left),
                       static_cast<double>(w.height) / static_cast<double>(tall), sy * static_cast<double>(w.top)});
    }
    return moved(images, rows, moves);
  }

 private:
  double ratio_ = 1.1;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<ResizePad>();
}
