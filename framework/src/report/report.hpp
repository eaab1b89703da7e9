#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "judge/tally.hpp"
#include "report/grid.hpp"
#include "report/plots.hpp"

namespace faceoff {

/// Who judged, and what.
struct Judged {
  std::string words;  ///< in a sentence
  Thresholds thresholds;
  Choices choices;  ///< of the variants
};

/// Writes report.html, one file that needs no other, and report.tex with its pictures in report/, beside
/// evaluation.jsonl, of which `lines` are. False where the page has no plots because nothing that draws them is there.
bool write_report(const std::filesystem::path& run, const std::string& name, const Judged& judged,
                  const std::vector<EvaluationLine>& lines, const std::vector<Tally>& tallies);

}  // namespace faceoff
