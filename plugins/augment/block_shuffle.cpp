// Wang et al., "Boosting Adversarial Transferability by Block Shuffle and Rotation", CVPR 2024 (BSR): copies of each
// image, cut into `blocks` strips that change places, each strip into as many blocks that change places within it, and
// each block turned about its own middle by U(±rotation), zeros where nothing is left. Cuts lie at random, so that a
// block is at most twice as long as another. No affine map. The paper averages 20 copies.
#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>

#include <numbers>

namespace {

using namespace faceoff;

/// Where a line of pixels is taken from when its parts change places, [N,side] each.
struct Shuffled {
  at::Tensor source;      ///< the middle of the pixel that comes here
  at::Tensor begin, end;  ///< of the part that it belongs to, before it moved
  at::Tensor part;        ///< which of the parts that is, int64
};

/// N lines of `side` pixels, cut by their shares [N,parts], in the order of their ranks [N,parts].
Shuffled shuffled(const at::Tensor& shares, const at::Tensor& ranks, std::int64_t side) {
  const at::Tensor ends = (shares.cumsum(1) / shares.sum(1, true) * side).round();
  const at::Tensor begins = at::constant_pad_nd(ends, {1, -1});
  const at::Tensor order = ranks.argsort(/*stable=*/true, 1), lengths = (ends - begins).gather(1, order),
                   after = lengths.cumsum(1);
  const at::Tensor places = (at::arange(side, shares.options()) + .5).expand({shares.size(0), side}).contiguous();
  const at::Tensor slot = at::searchsorted(after, places), part = order.gather(1, slot);
  const at::Tensor begin = begins.gather(1, part);
  return {places - (after - lengths).gather(1, slot) + begin, begin, ends.gather(1, part), part};
}

class BlockShuffle : public Augmentation {
 public:
  static void describe(Schema<BlockShuffle>& s) {
    s.name("block_shuffle").summary("Shuffles the blocks of copies of each image and turns each block at random (BSR)");
    s.cites("Wang et al., Boosting Adversarial Transferability by Block Shuffle and Rotation, CVPR 2024");
    s.param("copies", &BlockShuffle::copies_, "copies of each image").range(1, 64);
    s.param("blocks", &BlockShuffle::blocks_, "blocks along either side").range(1, 8);
    s.param("rotation", &BlockShuffle::rotation_, "largest angle, either way").unit("degrees").range(0, 180);
  }

  Images operator()(const Images& images, Random& random) override {
    const std::int64_t height = images.pixels.size(2), width = images.pixels.size(3);
    const std::int64_t n = blocks_, all = copies_ * images.pixels.size(0);
    const auto drawn = [&](double low, double high, at::IntArrayRef of) { return random.uniform(low, high, of); };
    const auto strip = [&](const at::Tensor& numbers) { return numbers.view({all, n}); };
    const auto block = [&](const at::Tensor& numbers) { return numbers.view({all * n, n}); };
    const Shuffled down = shuffled(strip(drawn(1, 2, {copies_, n})), strip(drawn(0, 1, {copies_, n})), height);
    const Shuffled across = shuffled(block(drawn(1, 2, {copies_, n, n})), block(drawn(0, 1, {copies_, n, n})), width);
    const double most = rotation_ * std::numbers::pi / 180;
    const at::Tensor angles = drawn(-most, most, {copies_, n, n}).view({all, n * n});
    // Of each pixel [N,H,W]: what its strip's line across says of it.
    const at::Tensor strips = down.part.unsqueeze(2).expand({all, height, width});
    const auto here = [&](const at::Tensor& lines) { return lines.view({all, n, width}).gather(1, strips); };
    const at::Tensor left = here(across.begin), right = here(across.end), top = down.begin.unsqueeze(2),
                     bottom = down.end.unsqueeze(2);
    const at::Tensor angle = angles.gather(1, (strips * n + here(across.part)).flatten(1)).view({all, height, width});
    const at::Tensor dx = here(across.source) - (left + right) / 2, dy = down.source.unsqueeze(2) - (top + bottom) / 2;
    const at::Tensor x = (left + right) / 2 + angle.cos() * dx - angle.sin() * dy;
    const at::Tensor y = (top + bottom) / 2 + angle.sin() * dx + angle.cos() * dy;
    const at::Tensor inside = (x > left) & (x < right) & (y > top) & (y < bottom);
    const at::Tensor grid = at::stack({2 * x / width - 1, 2 * y / height - 1}, 3);
    constexpr std::int64_t bilinear = 0, border = 1;
    const at::Tensor pixels = at::grid_sampler_2d(images.pixels.repeat_interleave(copies_, 0), grid, bilinear, border,
                                                  /*align_corners=*/false);
    return {pixels * inside.unsqueeze(1), {}, {}};
  }

 private:
  std::int64_t copies_ = 1;
  std::int64_t blocks_ = 3;
  double rotation_ = 24;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<BlockShuffle>();
}
