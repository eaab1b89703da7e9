#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "judge/evaluation.hpp"
#include "judge/record.hpp"

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

// What lines of results have in common with these, for who writes or reads them.

template <class Io>
void fields(Io& io, Either<Io, Quality>& quality);
template <class Io>
void fields(Io& io, Either<Io, Box>& box);
template <class Io>
void fields(Io& io, Either<Io, FaceEvaluation>& face);
/// Throws Error where it is none.
void require_role(const std::string& role);

/// Where the picture of its difference belongs, relative to the run.
std::filesystem::path difference_place(const std::string& variant, const std::string& output);

}  // namespace faceoff
