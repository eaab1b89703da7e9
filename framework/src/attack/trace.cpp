#include "attack/trace.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "base/numbers.hpp"

namespace faceoff {

namespace {

std::optional<double> number(const at::Tensor& values, std::size_t picture) {
  const double value = values.defined() ? values[static_cast<std::int64_t>(picture)].item<double>() : NAN;
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace

std::string to_csv(const Trace& trace) {
  const auto cell = [](const std::optional<double>& value) { return value ? shortest(*value) : ""; };
  std::string text = "step,objective,margin\n";
  for (std::size_t i = 0; i < trace.size(); ++i)
    text += std::to_string(i + 1) + "," + cell(trace[i].objective) + "," + cell(trace[i].margin) + "\n";
  return text;
}

Trace Tracer::trace(std::size_t picture) const {
  Trace trace;
  for (const auto& [objective, margin] : steps_) trace.push_back({number(objective, picture), number(margin, picture)});
  return trace;
}

}  // namespace faceoff
