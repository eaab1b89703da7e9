#include "picture/check_output.hpp"

#include <faceoff/error.hpp>

#include <ATen/Functions.h>

#include <cmath>

namespace faceoff {

bool finite(const at::Tensor& tensor) {
  return std::isfinite(tensor.sum().item<double>());
}

void check_output(const std::string& who, Field provides, const Output& output, std::int64_t rows) {
  const auto check = [&](Field field, const at::Tensor& tensor, std::int64_t dimensions, std::int64_t last) {
    if (!includes(provides, field)) return;
    const std::string what = who + ": its " + to_string(field) + " ";
    if (!tensor.defined()) throw PluginError(what + "is missing, though it says that it provides it");
    if (tensor.dim() != dimensions || tensor.size(0) != rows || (last > 0 && tensor.size(-1) != last)) {
      throw PluginError(what + "has the shape " + c10::str(tensor.sizes()) + " for " + std::to_string(rows) + " views");
    }
    if (!tensor.is_floating_point()) throw PluginError(what + "is not floating-point");
    if (!finite(tensor)) throw PluginError(what + "has values that are not finite");
  };
  check(Field::scores, output.scores, 2, 0);
  check(Field::boxes, output.boxes, 3, 4);
  check(Field::landmarks, output.landmarks, 3, 2);
  check(Field::embedding, output.embedding, 2, 0);
  if (includes(provides, Field::scores | Field::boxes) && output.scores.size(1) != output.boxes.size(1)) {
    throw PluginError(who + ": it gives " + std::to_string(output.scores.size(1)) + " scores and " +
                      std::to_string(output.boxes.size(1)) + " boxes");
  }
}

}  // namespace faceoff
