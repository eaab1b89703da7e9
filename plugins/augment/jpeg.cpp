// JPEG compression (ITU-T T.81; JFIF's YCbCr) that lets a gradient through. Shin and Song, "JPEG-resistant Adversarial
// Images", NIPS 2017 workshop on machine learning and computer security:
//   YCbCr → mean of 2×2 chroma values (4:2:0) → DCT of 8×8 blocks → c/t → ⌊c/t⌉ + (c/t − ⌊c/t⌉)³ → ·t → and back,
// where the cube has a slope that rounding lacks. t is the standard's table times f = (q < 50 ? 5000/q : 200 − 2q)/100,
// rounded, as libjpeg makes it of the quality q, which is drawn for each image from low to high. Chroma is enlarged as
// libjpeg does, bilinear; a picture's border is repeated up to whole blocks.
#include <faceoff/augmentation.hpp>
#include <faceoff/dct.hpp>

#include <ATen/ATen.h>

#include <array>

namespace {

using namespace faceoff;

constexpr std::int64_t block = 8;
using Table = std::array<std::int64_t, block * block>;

/// T.81's tables K.1 and K.2.
constexpr Table luma_table = {16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
                              14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
                              18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
                              49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
constexpr Table chroma_table = {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99,
                                99, 99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
                                99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

/// A matrix times each row's columns [R,n,…]: one of its own for each, so that its bits do not depend on the others.
at::Tensor times(const at::Tensor& matrix, const at::Tensor& rows) {
  const at::Tensor each = matrix.to(rows.options().requires_grad(false)).expand({rows.size(0), -1, -1});
  return at::bmm(each, rows.flatten(2)).view(rows.sizes());
}

at::Tensor three_by_three(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble).view({3, 3});
}

class Jpeg : public Augmentation {
 public:
  static void describe(Schema<Jpeg>& s) {
    s.name("jpeg").summary("Compresses each image as JPEG does, with a gradient, at a random quality");
    s.cites("Shin and Song, JPEG-resistant Adversarial Images, NIPS 2017 workshop");
    s.param("low", &Jpeg::low_, "lowest quality").range(1, 100);
    s.param("high", &Jpeg::high_, "highest quality").range(1, 100);
    s.param("subsampling", &Jpeg::subsampling_, "4:2:0: one value of chroma for 2×2 pixels; 4:4:4: one a pixel")
        .choices({"4:2:0", "4:4:4"});
  }

  void setup(const Setup&) override {
    if (low_ > high_) throw ConfigError("low = " + std::to_string(low_) + " is above high = " + std::to_string(high_));
    const at::Tensor line = dct_matrix(block);
    dct_ = at::kron(line, line);
  }

  Images operator()(const Images& images, Random& random) override {
    const bool halved = subsampling_ == "4:2:0";
    const std::int64_t height = images.pixels.size(2), width = images.pixels.size(3), unit = halved ? 2 * block : block;
    const auto missing = [&](std::int64_t side) { return (unit - side % unit) % unit; };
    const at::Tensor whole = at::replication_pad2d(images.pixels, {0, missing(width), 0, missing(height)});
    // Y − 128, Cb − 128, Cr − 128
    const at::Tensor colours =
        times(three_by_three({.299, .587, .114, -.168736, -.331264, .5, .5, -.418688, -.081312}), whole - 128);
    const at::Tensor quality = random.integers(low_, high_);
    const at::Tensor luma = compressed(colours.narrow(1, 0, 1), luma_table, quality);
    at::Tensor chroma = colours.narrow(1, 1, 2);
    if (halved) chroma = at::avg_pool2d(chroma, {2, 2});
    chroma = compressed(chroma, chroma_table, quality);
    if (halved) chroma = at::upsample_bilinear2d(chroma, whole.sizes().slice(2), /*align_corners=*/false);
    const at::Tensor back =
        times(three_by_three({1, 0, 1.402, 1, -.344136, -.714136, 1, 1.772, 0}), at::cat({luma, chroma}, 1));
    return {(back.narrow(2, 0, height).narrow(3, 0, width) + 128).clamp(0, 255), images.map, images.landmarks};
  }

 private:
  /// Planes [R,C,H,W] in whole blocks after their way into a file and back, at a quality a row.
  at::Tensor compressed(const at::Tensor& planes, const Table& table, const at::Tensor& quality) const {
    const at::Tensor percent =
        at::where(quality < 50, at::full_like(quality, 5000).div(quality, "floor"), 200 - 2 * quality);
    const at::Tensor standard = at::tensor(at::IntArrayRef(table), at::kLong).to(quality.device());
    const at::Tensor steps = ((percent.unsqueeze(1) * standard + 50).div(100, "floor")).clamp(1, 255);
    const at::Tensor t = steps.to(planes.options().requires_grad(false)).view({-1, block * block, 1, 1, 1});
    const at::Tensor blocks =  // [R,64,C,H/8,W/8]
        planes.unflatten(2, {-1, block}).unflatten(4, {-1, block}).permute({0, 3, 5, 1, 2, 4}).flatten(1, 2);
    const at::Tensor scaled = times(dct_, blocks) / t, nearest = (scaled.detach() + .5).floor();
    const at::Tensor kept = times(dct_.t(), (nearest + (scaled - nearest).pow(3)) * t);
    return kept.unflatten(1, {block, block}).permute({0, 3, 4, 1, 5, 2}).flatten(4).flatten(2, 3);
  }

  std::int64_t low_ = 50;
  std::int64_t high_ = 95;
  std::string subsampling_ = "4:2:0";
  at::Tensor dct_;  ///< [64,64]: of a block whose rows lie one behind another
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Jpeg>();
}
