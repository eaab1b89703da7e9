// The original system's detector losses, −Σ g(score)·sign(d − t) and −Σ g(score)·area·sign(d − t): boxes farther than t
// from every true face are raised, those nearer are lowered, so that the true face is lost among false ones. There
// g(p) = p. Of two more forms the hinge lets a box be once it is hidden or shown, g(p) = max(0, p − hidden) on a face
// and min(p, shown) elsewhere; the log is the cross-entropy up to a constant, g(p) = −log((1 − p + e)/(1 + e)) on a
// face and log((p + e)/e) elsewhere, where e keeps its slope finite. All are 0 at 0, so that padding counts for
// nothing.
#include <faceoff/boxes.hpp>
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
    s.param("by", &Detection::by_,
            "what tells a false box: distance, of its centre from the nearest true face's, above the threshold; iou, "
            "with the true face that it overlaps most, below it")
        .choices({"distance", "iou"});
    s.param("threshold", &Detection::threshold_, "distance from a true face, or IoU with it, at which a box is false")
        .unit("longer sides of the face, or IoU")
        .range(0, 10);
    s.param("sign", &Detection::sign_,
            "hard: the sign itself, gradient in scores and areas alone; tanh: tanh((d - t)/width), by iou of (t - iou)")
        .choices({"hard", "tanh"});
    s.param("width", &Detection::width_, "for sign = \"tanh\": how soft")
        .unit("longer sides of the face, or IoU")
        .range(1e-3, 10);
    s.param("form", &Detection::form_,
            "how a score counts: linear, as it is; hinge, until it is hidden or shown; log, as in cross-entropy")
        .choices({"linear", "hinge", "log"});
    s.param("hidden", &Detection::hidden_, "for form = \"hinge\": a true face's box counts as hidden below this score")
        .range(0, 1);
    s.param("shown", &Detection::shown_, "for form = \"hinge\": a false box counts as shown above this score")
        .range(0, 1);
    s.param("least", &Detection::least_, "for form = \"log\": what is added to probabilities inside of the logarithm")
        .range(1e-9, 1);
  }

  Field needs() const override { return Field::scores | Field::boxes; }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    const at::Tensor beyond = by_ == "iou"
                                  ? threshold_ - overlap(adversarial.boxes, reference.boxes).amax(2)
                                  : distance(adversarial.boxes, reference.boxes).amin(2) - threshold_;  // [R,N]
    const at::Tensor side = sign_ == "tanh" ? at::tanh(beyond / width_) : beyond.sign();
    const at::Tensor gain = counted(adversarial.scores, side < 0);
    const at::Tensor weight = area_ ? gain * share_of(adversarial.boxes, reference.extent) : gain;
    return -(weight * side).sum(1);
  }

 private:
  /// g of the scores, by whether a box is on a true face.
  at::Tensor counted(const at::Tensor& scores, const at::Tensor& on_face) const {
    if (form_ == "hinge") return at::where(on_face, at::relu(scores - hidden_), scores.clamp_max(shown_));
    if (form_ == "log")
      return at::where(on_face, -at::log((1 - scores + least_) / (1 + least_)), at::log((scores + least_) / least_));
    return scores;
  }

  bool area_ = false;
  std::string by_ = "distance";
  double threshold_ = .5;
  std::string sign_ = "hard";
  double width_ = .1;
  std::string form_ = "linear";
  double hidden_ = .3, shown_ = .7, least_ = 1e-4;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Detection>();
}
