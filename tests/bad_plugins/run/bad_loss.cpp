// A loss with every fault that a loss can have; without one it leads scores a little below what they were.
#include <faceoff/loss.hpp>

#include <ATen/ATen.h>

#include <limits>

#include "misbehave.hpp"

namespace {

using namespace faceoff;

class BadLoss : public Loss {
 public:
  static void describe(Schema<BadLoss>& s) {
    s.name("bad_loss").summary("Misbehaves on dark pictures");
    s.param("fault", &BadLoss::fault_, "what it does wrong")
        .choices(bad::choices({"nan", "inf", "nan_gradient", "wrong_shape", "wrong_rows", "wrong_dtype", "undefined",
                               "detached", "aliased", "changes_output", "changes_reference"}));
    s.param("at_step", &BadLoss::at_step_, "the step at which it does, from 1");
    s.param("fields", &BadLoss::fields_, "what it says that it needs");
    s.param("when", &BadLoss::when_, "where it does").choices({"value", "setup", "needs", "destructor"});
  }

  ~BadLoss() override { misbehave("destructor"); }

  void setup(const Setup& /*setup*/) override { misbehave("setup"); }

  Field needs() const override {
    misbehave("needs");
    return static_cast<Field>(fields_);
  }

  at::Tensor operator()(const Output& adversarial, const Reference& reference) const override {
    const at::Tensor value = (adversarial.scores - reference.clean.scores + .003).square().sum(1);
    if (fault_ == "aliased") return bad::in_one_buffer(kept_, value);
    if (when_ != "value" || !bad::shows_on(adversarial.picture) || ++calls_ < at_step_) return value;
    bad::misbehave(fault_);
    if (fault_ == "nan") return value * std::numeric_limits<double>::quiet_NaN();
    if (fault_ == "inf") return value / 0;
    if (fault_ == "nan_gradient") return (value * 0).sqrt();
    if (fault_ == "wrong_shape") return value.unsqueeze(1);
    if (fault_ == "wrong_rows") return value.repeat(2);
    if (fault_ == "wrong_dtype") return value.to(at::kDouble);
    if (fault_ == "undefined") return {};
    if (fault_ == "detached") return value.detach();
    if (fault_ == "changes_output") adversarial.scores.mul_(.5);
    if (fault_ == "changes_reference") reference.clean.scores.zero_();
    return value;
  }

 private:
  void misbehave(const std::string& where) const {
    if (when_ == where) bad::misbehave(fault_);
  }

  std::string fault_ = bad::usual_fault(), when_ = "value";
  std::int64_t at_step_ = 1;
  std::uint32_t fields_ = static_cast<std::uint32_t>(Field::scores | Field::picture);
  mutable std::int64_t calls_ = 0;
  mutable at::Tensor kept_;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<BadLoss>();
}
