// Sharma et al., "On the Effectiveness of Low Frequency Perturbations", IJCAI 2019: the gradient's low frequencies
// alone, ∇ ← IDCT(M ⊙ DCT(∇)), where the mask M keeps the lowest share of the frequencies of either axis. What is left
// is smooth, so that compression and smaller sizes take less of it. A gradient filter: the picture itself stays as it
// is. At the picture.
#include <faceoff/augmentation.hpp>
#include <faceoff/dct.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace {

using namespace faceoff;

class LowPass : public Augmentation {
 public:
  static void describe(Schema<LowPass>& s) {
    s.name("low_pass")
        .summary("Keeps the low frequencies of the gradient at the picture; changes no pixel; say at = \"picture\"");
    s.cites("Sharma et al., On the Effectiveness of Low Frequency Perturbations, IJCAI 2019");
    s.param("share", &LowPass::share_, "frequencies kept, of each axis, the lowest first")
        .unit("shares")
        .range(.001, 1);
  }

  Images operator()(const Images& images, Random&) override {
    const auto filter = [share = share_](const at::Tensor& gradient) {
      const auto lowest = [&](std::int64_t side) {
        const std::int64_t kept = std::max<std::int64_t>(1, std::llround(share * static_cast<double>(side)));
        return dct_matrix(side).narrow(0, 0, kept).to(gradient.options());
      };
      const at::Tensor down = lowest(gradient.size(2)), across = lowest(gradient.size(3));
      // Row by row: as parts of a larger product, a row's last bits would depend on the others.
      std::vector<at::Tensor> rows;
      for (const at::Tensor& row : gradient.split(1)) {
        const at::Tensor kept = at::matmul(at::matmul(down, row), across.t());
        rows.push_back(at::matmul(at::matmul(down.t(), kept), across));
      }
      return at::cat(rows);
    };
    return {filter_gradient(images.pixels, filter), images.map, images.landmarks};
  }

 private:
  double share_ = .25;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<LowPass>();
}
