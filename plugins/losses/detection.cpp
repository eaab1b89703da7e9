// The original system's detector losses: −Σ score·sign(d − t) and −Σ score·area·sign(d − t). Boxes farther than t from
// every true face are raised, those nearer are lowered, so that the true face is lost among false ones.
#include <faceoff/loss.hpp>

#include <ATen/ATen.h>

#include <string>

namespace {

using namespace faceoff;

class Detection : public Loss {
 public:
  static void describe(Schema<Detection>& s) {
    s.name("detection")
        .summary("Hides true faces behind false ones: -sum of score [x area] x sign(distance - threshold)");
    s.cites("The original Face/Off's detector losses");
    s.param("area", &Detection::area_, "weigh each box by its share of the picture, so that false boxes grow");
    s.param("threshold", &Detection::threshold_, "distance from a true face at which a box is false")
        .unit("longer sides of the face")
        .range(0, 10);
    s.param("sign", &Detection::sign_,
            "hard: the sign itself, gradient in scores and areas alone; tanh: tanh((d - t)/width)")
        .choices({"hard", "tanh"});
    s.param("width", &Detection::width_, "for sign = \"tanh\": how soft")
        .unit("longer sides of the face")
        .range(1e-3, 10);
  }

  Field needs() const override { return Field::scores | Field::boxes; }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    const at::Tensor beyond = distance(adversarial.boxes, reference.boxes) - threshold_;
    const at::Tensor side = sign_ == "tanh" ? at::tanh(beyond / width_) : beyond.sign();
    const at::Tensor weight =
        area_ ? adversarial.scores * share(adversarial.boxes, reference.extent) : adversarial.scores;
    return -(weight * side).sum(1);
  }

 private:
  /// [R,N]: from each box's centre to the nearest true face's, over that face's longer side.
  static at::Tensor distance(const at::Tensor& boxes, const at::Tensor& faces) {
    const at::Tensor size = faces.narrow(2, 2, 2) - faces.narrow(2, 0, 2);                     // [R,F,2]
    const at::Tensor longer = size.amax(2);                                                    // [R,F]
    const at::Tensor from = (boxes.narrow(2, 0, 2) + boxes.narrow(2, 2, 2)).unsqueeze(2) / 2;  // [R,N,1,2]
    const at::Tensor to = (faces.narrow(2, 0, 2) + faces.narrow(2, 2, 2)).unsqueeze(1) / 2;    // [R,1,F,2]
    const at::Tensor far = ((from - to).square().sum(3) + 1e-12).sqrt() / longer.clamp_min(1e-6).unsqueeze(1);
    // Empty boxes pad; no box is near them.
    return far.masked_fill((longer <= 0).unsqueeze(1), 1e6).amin(2);
  }

  /// [R,N]: the part of the picture that each box covers, in [0,1].
  static at::Tensor share(const at::Tensor& boxes, const at::Tensor& extent) {
    const at::Tensor picture = extent.unsqueeze(1);  // [R,1,4]
    const at::Tensor low = at::maximum(boxes.narrow(2, 0, 2), picture.narrow(2, 0, 2));
    const at::Tensor high = at::minimum(boxes.narrow(2, 2, 2), picture.narrow(2, 2, 2));
    const at::Tensor covered = (high - low).clamp_min(0).prod(2);
    return covered / (picture.narrow(2, 2, 2) - picture.narrow(2, 0, 2)).prod(2);
  }

  bool area_ = false;
  double threshold_ = .5;
  std::string sign_ = "hard";
  double width_ = .1;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Detection>();
}
