#include "plugins/loaded_model.hpp"

#include <ATen/core/grad_mode.h>

#include "base/one_line.hpp"
#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"

namespace faceoff {

namespace {

bool has_gradient(const Output& output) {
  const auto carries = [](const at::Tensor& tensor) { return tensor.defined() && tensor.requires_grad(); };
  return carries(output.scores) || carries(output.boxes) || carries(output.landmarks) || carries(output.embedding);
}

}  // namespace

Output forward(const LoadedModel& model, const at::Tensor& views, Random* random) {
  const std::string who = "plugin " + model.plugin + ", model '" + one_line(model.name) + "'";
  Output output = call_plugin(who, {{"its images", views}}, [&] {
    return random != nullptr ? model.model->forward_attacked(views, *random) : model.model->forward(views);
  });
  check_output(who, model.provides, output, views);
  if (at::GradMode::is_enabled() && views.requires_grad() && model.differentiable && !has_gradient(output))
    throw PluginFault(who, "no gradient reaches its images: it detached its output");
  return output;
}

}  // namespace faceoff
