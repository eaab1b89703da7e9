#include "attack/ask_loss.hpp"

#include <ATen/ATen.h>

#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"

namespace faceoff {

namespace {

/// What a loss is given to look at.
Given given_to_loss(const Output& adversarial, const Reference& reference) {
  Given given = {{"reference.boxes", reference.boxes},
                 {"reference.targets", reference.targets},
                 {"reference.own", reference.own},
                 {"reference.mean", reference.mean}};
  for (const auto& [field, tensor] : output_parts) {
    given.emplace_back("adversarial." + to_string(field), adversarial.*tensor);
    given.emplace_back("reference.clean." + to_string(field), reference.clean.*tensor);
  }
  return given;
}

}  // namespace

at::Tensor ask_loss(const LossTerm& term, const Output& adversarial, const Reference& reference,
                    const at::Tensor& pixels) {
  const std::string who = "plugin " + term.plugin;
  const at::Tensor values =
      call_plugin(who, given_to_loss(adversarial, reference), [&] { return (*term.loss)(adversarial, reference); });
  check_values(who, values, pixels, pixels.size(0));
  return values;
}

at::Tensor ask_losses_on_pixels(const Assembly& assembly, const Subjects& subjects, const std::vector<Rows>& pictures,
                                std::int64_t copies) {
  at::Tensor sum;
  for (const LossTerm& term : assembly.losses) {
    if (!term.models.empty()) continue;
    for (const Rows& rows : pictures) {
      Output adversarial;
      adversarial.picture = rows.images.pixels;
      const at::Tensor row = as_index(rows.subject, adversarial.picture.device());
      Reference reference;
      reference.subject = row;
      reference.clean.picture = subjects.pixels.index_select(0, row.div(copies, "floor"))
                                    .narrow(2, 0, adversarial.picture.size(2))
                                    .narrow(3, 0, adversarial.picture.size(3));
      const at::Tensor values = term.weight * ask_loss(term, adversarial, reference, adversarial.picture);
      if (!sum.defined()) sum = at::zeros({subjects.count() * copies}, values.options());
      sum = sum.index_add(0, row, values);
    }
  }
  return sum;
}

}  // namespace faceoff
