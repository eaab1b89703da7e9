// Lin et al., "Nesterov Accelerated Gradient and Scale Invariance for Adversarial Attacks", ICLR 2020 (SI): the mean
// over copies x/2^i of each image, i < copies, which a model takes for the same.
#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace {

using namespace faceoff;

class ScaleCopies : public Augmentation {
 public:
  static void describe(Schema<ScaleCopies>& s) {
    s.name("scale_copies").summary("Copies each image, halved in brightness from one copy to the next (SI)");
    s.cites("Lin et al., Nesterov Accelerated Gradient and Scale Invariance for Adversarial Attacks, ICLR 2020");
    s.param("copies", &ScaleCopies::copies_, "how many, the image itself among them").range(1, 16);
  }

  Images operator()(const Images& images, Random&) override {
    std::vector<at::Tensor> scaled;
    for (std::int64_t i = 0; i < copies_; ++i) scaled.push_back(images.pixels * std::pow(.5, static_cast<double>(i)));
    Images copied = repeated({{}, images.map, images.landmarks}, copies_);
    copied.pixels = at::stack(scaled, 1).flatten(0, 1);
    return copied;
  }

 private:
  std::int64_t copies_ = 5;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<ScaleCopies>();
}
