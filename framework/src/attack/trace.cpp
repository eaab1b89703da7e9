#include "attack/trace.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>

namespace faceoff {

namespace {

std::string cell(const std::optional<double>& value) {
  if (!value) return "";
  constexpr int digits = 6;
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.begin(), text.end(), *value, std::chars_format::general, digits);
  return {text.begin(), end};
}

/// A picture's values in tensors that have one a picture, fetched all at once.
std::vector<std::optional<double>> numbers(const std::vector<at::Tensor>& tensors, std::size_t picture) {
  std::vector<at::Tensor> defined;
  for (const at::Tensor& tensor : tensors) {
    if (tensor.defined()) defined.push_back(tensor.select(0, static_cast<std::int64_t>(picture)));
  }
  if (defined.empty()) return std::vector<std::optional<double>>(tensors.size());
  const at::Tensor fetched = at::stack(defined).to(at::kCPU, at::kDouble);
  const auto value = fetched.accessor<double, 1>();
  std::vector<std::optional<double>> all;
  std::int64_t next = 0;
  for (const at::Tensor& tensor : tensors) {
    all.emplace_back();
    if (tensor.defined() && std::isfinite(value[next])) all.back() = value[next];
    next += tensor.defined() ? 1 : 0;
  }
  return all;
}

}  // namespace

std::string to_csv(const Trace& trace) {
  std::string text = "step,objective,margin\n";
  for (std::size_t i = 0; i < trace.size(); ++i)
    text += std::to_string(i + 1) + "," + cell(trace[i].objective) + "," + cell(trace[i].margin) + "\n";
  return text;
}

Trace Tracer::trace(std::size_t picture) const {
  const std::vector<std::optional<double>> objectives = numbers(objectives_, picture),
                                           margins = numbers(margins_, picture);
  Trace trace;
  for (std::size_t i = 0; i < objectives.size(); ++i) trace.push_back({objectives[i], margins[i]});
  return trace;
}

}  // namespace faceoff
