// Long et al., "Frequency Domain Model Augmentation for Adversarial Attack", ECCV 2022 (SSA): copies of each image as
// other models may weigh its frequencies, IDCT(DCT(x + ξ) ⊙ M) with ξ ~ N(0, sigma²) and M ~ U(1 ± rho), a number each
// for every frequency of every channel. Nothing moves. The paper averages 20 copies.
#include <faceoff/augmentation.hpp>
#include <faceoff/dct.hpp>

#include <ATen/ATen.h>

#include <vector>

namespace {

using namespace faceoff;

class Spectrum : public Augmentation {
 public:
  static void describe(Schema<Spectrum>& s) {
    s.name("spectrum").summary("Adds noise to copies of each image and weighs their frequencies at random (SSA)");
    s.cites("Long et al., Frequency Domain Model Augmentation for Adversarial Attack, ECCV 2022");
    s.param("copies", &Spectrum::copies_, "copies of each image").range(1, 64);
    s.param("rho", &Spectrum::rho_, "largest change of a frequency's weight, either way").unit("shares").range(0, 1);
    s.param("sigma", &Spectrum::sigma_, "the noise's standard deviation").unit("grey levels").range(0, 255);
  }

  Images operator()(const Images& images, Random& random) override {
    const std::int64_t height = images.pixels.size(2), width = images.pixels.size(3);
    const auto dct = [&](std::int64_t side) {
      return dct_matrix(side).to(images.pixels.options().requires_grad(false));
    };
    const at::Tensor down = dct(height), across = dct(width);
    const at::Tensor noise = random.normal(0, sigma_, {copies_, 3, height, width});
    const at::Tensor weights = random.uniform(1 - rho_, 1 + rho_, {copies_, 3, height, width});
    // Row by row: as parts of a larger product, a row's last bits would depend on the others.
    std::vector<at::Tensor> rows;
    for (std::int64_t r = 0; r < images.pixels.size(0); ++r) {
      const at::Tensor noisy = images.pixels[r] + noise[r];  // [copies,3,H,W]
      const at::Tensor weighed = at::matmul(at::matmul(down, noisy), across.t()) * weights[r];
      rows.push_back(at::matmul(at::matmul(down.t(), weighed), across));
    }
    Images copied = repeated({{}, images.map, images.landmarks}, copies_);
    copied.pixels = at::cat(rows);
    return copied;
  }

 private:
  std::int64_t copies_ = 1;
  double rho_ = .5;
  double sigma_ = 16;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Spectrum>();
}
