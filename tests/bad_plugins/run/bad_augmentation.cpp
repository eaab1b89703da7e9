// An augmentation with every fault that one can have; without one it makes views a little brighter or darker.
#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <limits>

#include "misbehave.hpp"

namespace {

using namespace faceoff;

class BadAugmentation : public Augmentation {
 public:
  static void describe(Schema<BadAugmentation>& s) {
    s.name("bad_augmentation").summary("Misbehaves on dark pictures");
    s.param("fault", &BadAugmentation::fault_, "what it does wrong")
        .choices(bad::choices({"nan", "inf", "wrong_shape", "no_rows", "wrong_dtype", "undefined", "no_map",
                               "wrong_map", "nan_map", "no_landmarks", "nan_landmarks", "fewer_landmarks", "detached",
                               "aliased", "changes_input", "changes_map", "resizes", "compresses"}));
    s.param("at_step", &BadAugmentation::at_step_, "the step at which it does, from 1");
  }

  Images operator()(const Images& images, Random& random) override {
    Images after = images;
    after.pixels = images.pixels * random.uniform(.99, 1.01, {1, 1, 1});
    if (fault_ == "aliased") {
      after.pixels = bad::in_one_buffer(kept_, after.pixels);
    } else if (bad::shows_on(images.pixels) && ++calls_ >= at_step_) {
      spoil(images, after);
    }
    return after;
  }

 private:
  void spoil(const Images& images, Images& after) const {
    at::Tensor &pixels = after.pixels, &map = after.map;
    bad::misbehave(fault_);
    if (fault_ == "nan") pixels = pixels * std::numeric_limits<double>::quiet_NaN();
    if (fault_ == "inf") pixels = pixels / 0;
    if (fault_ == "wrong_shape") pixels = pixels.narrow(1, 0, 1);
    if (fault_ == "no_rows") pixels = pixels.narrow(0, 0, 0);
    if (fault_ == "wrong_dtype") pixels = pixels.to(at::kDouble);
    if (fault_ == "undefined") pixels = at::Tensor();
    if (fault_ == "no_map") map = at::Tensor();
    if (fault_ == "wrong_map") map = map.narrow(2, 0, 2);
    if (fault_ == "nan_map") map = map * std::numeric_limits<double>::quiet_NaN();
    if (fault_ == "no_landmarks") after.landmarks = at::Tensor();
    if (fault_ == "nan_landmarks") after.landmarks = after.landmarks * std::numeric_limits<double>::quiet_NaN();
    if (fault_ == "fewer_landmarks") after.landmarks = after.landmarks.narrow(1, 1, 1);
    if (fault_ == "detached") pixels = pixels.detach();
    if (fault_ == "resizes") pixels = at::avg_pool2d(pixels, {2, 2}, {2, 2});
    if (fault_ == "compresses") {  // no fault: blocks share some of their light, as those of a JPEG do
      const at::Tensor blocks = at::avg_pool2d(pixels, {8, 8}, {8, 8}, 0, /*ceil_mode=*/true);
      const at::Tensor spread = at::upsample_nearest2d(blocks, {8 * blocks.size(2), 8 * blocks.size(3)});
      pixels = .6 * pixels + .4 * spread.narrow(2, 0, pixels.size(2)).narrow(3, 0, pixels.size(3));
    }
    if (fault_ == "changes_map") images.map.mul_(2);
    if (fault_ == "changes_input") {
      const at::NoGradGuard no_grad;
      images.pixels.div_(255);
    }
  }

  std::string fault_ = bad::usual_fault();
  std::int64_t at_step_ = 1, calls_ = 0;
  at::Tensor kept_;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<BadAugmentation>();
}
