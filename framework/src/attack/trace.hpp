#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace faceoff {

/// What a step of an attack came to; nothing where it evaluated nothing, or where a margin has no meaning.
struct TraceStep {
  std::optional<double> objective, margin;
};

/// All loops of an optimizer, step after step.
using Trace = std::vector<TraceStep>;

/// "step,objective,margin" and a line a step, from 1 on: six digits, and an empty cell where there is nothing.
std::string to_csv(const Trace& trace);

/// Keeps what steps come to, for several pictures at once. Numbers are made of it at the end, so that no step waits for
/// a GPU.
class Tracer {
 public:
  void start_step() { steps_.emplace_back(); }
  /// Of the step under way: tensors of a value a picture; no finite number, or undefined, where there is nothing to
  /// tell.
  void record(const at::Tensor& objective, const at::Tensor& margin) { steps_.back() = {objective, margin}; }
  Trace trace(std::size_t picture) const;

 private:
  std::vector<std::pair<at::Tensor, at::Tensor>> steps_;  ///< objective and margin
};

}  // namespace faceoff
