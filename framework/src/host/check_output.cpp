#include "host/check_output.hpp"

#include <faceoff/error.hpp>

#include <ATen/Functions.h>

#include <cmath>

#include "host/call_plugin.hpp"

namespace faceoff {

bool finite(const at::Tensor& tensor) {
  return std::isfinite(tensor.sum().item<double>());
}

void check_output(const std::string& who, Field provides, const Output& output, const at::Tensor& views) {
  const std::int64_t rows = views.size(0);
  const auto check = [&](Field field, const at::Tensor& tensor, std::int64_t dimensions, std::int64_t last) {
    if (!includes(provides, field)) return;
    const auto require = [&](bool holds, const std::string& what) {
      if (!holds) throw PluginFault(who, "its " + to_string(field) + ": " + what);
    };
    require(tensor.defined(), "missing, though it says that it provides them");
    require(tensor.dim() == dimensions && tensor.size(0) == rows && (last == 0 || tensor.size(-1) == last),
            "of the shape " + c10::str(tensor.sizes()) + " for " + std::to_string(rows) + " views");
    require(tensor.scalar_type() == views.scalar_type(),
            std::string("of the type ") + c10::toString(tensor.scalar_type()) + " instead of the views' " +
                c10::toString(views.scalar_type()));
    require(finite(tensor), "not all finite");
    const at::NoGradGuard no_grad;
    if (tensor.numel() == 0) return;
    if (field == Field::scores) {
      require(tensor.min().item<double>() >= 0 && tensor.max().item<double>() <= 1, "not all in [0,1]");
    } else if (field == Field::embedding) {
      constexpr double rounding = 1e-3;
      const at::Tensor excess = (tensor.norm(2, 1) - 1).abs().max();
      require(excess.item<double>() < rounding, "not of unit length");
    }
  };
  check(Field::scores, output.scores, 2, 0);
  check(Field::boxes, output.boxes, 3, 4);
  check(Field::landmarks, output.landmarks, 3, 2);
  check(Field::embedding, output.embedding, 2, 0);
  if (includes(provides, Field::scores | Field::boxes) && output.scores.size(1) != output.boxes.size(1)) {
    throw PluginFault(who, "it gives " + std::to_string(output.scores.size(1)) + " scores and " +
                               std::to_string(output.boxes.size(1)) + " boxes");
  }
}

}  // namespace faceoff
