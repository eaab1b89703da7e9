#pragma once

#include <string>
#include <vector>

#include "compare/comparison.hpp"

namespace faceoff {

/// What was compared, with what came out.
struct Comparison {
  Runs runs;
  Plan plan;
  std::vector<Table> tables;
};

/// For people: what each contestant cost, then a table a measure. Means are left out but of pictures and cost, unless
/// all are asked for.
std::string to_words(const Comparison& comparison, bool all);
/// Everything, as JSON.
std::string to_json(const Comparison& comparison);
/// Everything, a line a row of a table, as RFC 4180 has it.
std::string to_csv(const Comparison& comparison);

/// "hidden from ssd (surrogate)": a measure in words.
std::string title_of(const Measure& measure);

}  // namespace faceoff
