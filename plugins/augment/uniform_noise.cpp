// The original system's noise: uniform, on every value of the view.
#include <faceoff/augmentation.hpp>

#include <ATen/ATen.h>

namespace {

using namespace faceoff;

class UniformNoise : public Augmentation {
 public:
  static void describe(Schema<UniformNoise>& s) {
    s.name("uniform_noise").summary("Adds uniform noise to every value");
    s.cites("The original Face/Off: 0.01 on inputs normalised by 128, which is 1.28 grey levels");
    s.param("amplitude", &UniformNoise::amplitude_, "largest noise").unit("grey levels").range(0, 255);
  }

  Images operator()(const Images& images, Random& random) override {
    const at::Tensor noise = random.uniform(-amplitude_, amplitude_, images.pixels.sizes().slice(1));
    return {images.pixels + noise, images.map, images.landmarks};
  }

 private:
  double amplitude_ = 1.28;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<UniformNoise>();
}
