#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "judge/evaluation.hpp"

namespace faceoff {

/// A line of evaluation.jsonl: what is seen of an item's picture after one degradation.
struct EvaluationLine {
  std::int64_t item = 0;
  std::string variant, picture, output;
  std::optional<double> epsilon;
  std::string choice;  ///< of the target, or empty
  Quality quality;     ///< of the delivered picture
  Judgement seen;
};

/// Without its line break.
std::string to_text(const EvaluationLine& line);
/// Throws FileError with `where` (file:line) for what `faceoff evaluate` would not write.
EvaluationLine parse_evaluation_line(const std::string& text, const std::string& where);

// What lines of results have in common with these, for their one reader and writer. The readers throw Json::exception,
// or Error where a word is none that is written.

Json to_json(const Quality& quality);
Quality read_quality(const Json& json);
Json to_json(const Box& box);
Box read_box(const Json& json);
Json to_json(const FaceEvaluation& face);
FaceEvaluation read_face(const Json& json);
std::string read_role(const Json& json);

/// Where the picture of its difference belongs, relative to the run.
std::filesystem::path difference_place(const std::string& variant, const std::string& output);

}  // namespace faceoff
