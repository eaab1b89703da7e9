// A detector with every fault that a model can have; without one it finds a face in the middle of any picture, the
// surer the brighter it is.
#include <faceoff/model.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <limits>
#include <optional>

#include "misbehave.hpp"

namespace {

using namespace faceoff;

class BadModel : public Model {
 public:
  static void describe(Schema<BadModel>& s) {
    s.name("bad_model").summary("Misbehaves on dark pictures");
    s.param("fault", &BadModel::fault_, "what it does wrong")
        .choices(bad::choices({"nan", "inf", "nan_boxes", "beyond_one", "wrong_shape", "wrong_rows", "fewer_boxes",
                               "wrong_dtype", "undefined", "detached", "aliased", "changes_input", "remembers"}));
    s.param("at_step", &BadModel::at_step_, "the step at which it does, from 1; 0: where nobody asks for a gradient");
    s.param("inference", &BadModel::inference_, "whether it works in inference mode, without a gradient");
    s.param("fields", &BadModel::fields_, "what it says that it provides");
    s.param("size", &BadModel::size_, "height and width of its view");
    s.param("when", &BadModel::when_, "where it does").choices({"forward", "provides", "view", "attacked"});
  }

  Field provides() const override {
    misbehave("provides");
    return static_cast<Field>(fields_);
  }

  bool differentiable() const override { return !inference_; }

  ViewSpec view() const override {
    misbehave("view");
    return {static_cast<std::int64_t>(size_.at(0)), static_cast<std::int64_t>(size_.at(1)), {}};
  }

  Output forward_attacked(const at::Tensor& images, Random& /*random*/) override {
    misbehave("attacked");
    was_attacked_ = true;
    return forward(images);
  }

  Output forward(const at::Tensor& images) override {
    std::optional<c10::InferenceMode> guard;
    if (inference_) guard.emplace();
    const std::int64_t rows = images.size(0), height = images.size(2), width = images.size(3);
    const at::Tensor middle = images.narrow(2, height / 4, height / 2).narrow(3, width / 4, width / 2);
    const auto x = static_cast<double>(width) / 4, y = static_cast<double>(height) / 4;
    Output output;
    output.scores = (.55 + .4 / 255 * middle.mean({1, 2, 3})).unsqueeze(1);
    output.boxes = at::tensor({x, y, 3 * x, 3 * y}, at::kDouble).to(images.options()).expand({rows, 1, 4});
    if (fault_ == "remembers" && was_attacked_) output.scores = output.scores / 2;
    if (fault_ == "aliased") {
      output.scores = bad::in_one_buffer(kept_, output.scores);
    } else if (when_ == "forward" && bad::shows_on(images) && is_time(images)) {
      spoil(images, output);
    }
    return output;
  }

 private:
  void misbehave(const std::string& where) const {
    if (when_ == where) bad::misbehave(fault_);
  }

  bool is_time(const at::Tensor& images) {
    if (bad::always()) return true;
    if (at_step_ == 0) return !images.requires_grad();
    return images.requires_grad() && ++calls_ >= at_step_;
  }

  void spoil(const at::Tensor& images, Output& output) const {
    at::Tensor &scores = output.scores, &boxes = output.boxes;
    bad::misbehave(fault_);
    if (fault_ == "nan") scores = scores * std::numeric_limits<double>::quiet_NaN();
    if (fault_ == "inf") scores = scores / 0;
    if (fault_ == "nan_boxes") boxes = boxes * std::numeric_limits<double>::quiet_NaN();
    if (fault_ == "beyond_one") scores = scores + 1;
    if (fault_ == "wrong_shape") scores = scores.unsqueeze(2);
    if (fault_ == "wrong_rows") scores = scores.repeat({2, 1});
    if (fault_ == "fewer_boxes") boxes = boxes.narrow(1, 0, 0);
    if (fault_ == "wrong_dtype") scores = scores.to(at::kDouble);
    if (fault_ == "undefined") scores = at::Tensor();
    if (fault_ == "detached") scores = scores.detach();
    if (fault_ == "changes_input") {
      const at::NoGradGuard no_grad;
      images.div_(255);
    }
  }

  std::string fault_ = bad::usual_fault(), when_ = "forward";
  std::int64_t at_step_ = 1, calls_ = 0;
  std::uint32_t fields_ = static_cast<std::uint32_t>(Field::scores | Field::boxes);
  std::vector<double> size_ = {0, 0};
  bool inference_ = false, was_attacked_ = false;
  at::Tensor kept_;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<BadModel>();
}
