#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "judge/evaluation.hpp"

namespace faceoff {

/// The false accept rates that success is told at, and their names.
inline const std::array<std::pair<const char*, double>, 3> false_accept_rates = {
    {{"1e-2", 1e-2}, {"1e-3", 1e-3}, {"1e-4", 1e-4}}};

/// Which item of which variant a case is.
struct CaseLabel {
  std::int64_t item = 0;
  std::string variant, picture, output;
  std::optional<double> epsilon;
  std::string choice;  ///< of the target, or empty
};

/// Where the picture of its difference belongs, relative to the run.
std::filesystem::path difference_place(const std::string& variant, const std::string& output);

/// A line of evaluation.jsonl.
Json evaluation_line(const CaseLabel& label, const CaseEvaluation& evaluation, const Quality& quality);

}  // namespace faceoff
