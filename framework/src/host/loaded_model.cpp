#include "host/loaded_model.hpp"

#include "host/check_output.hpp"
#include "host/exception.hpp"

namespace faceoff {

Output forward(const LoadedModel& model, const at::Tensor& views) {
  const std::string who = "plugin " + model.plugin + ", model '" + model.name + "'";
  Output output = call_plugin(who, [&] { return model.model->forward(views); });
  check_output(who, model.provides, output, views);
  return output;
}

}  // namespace faceoff
