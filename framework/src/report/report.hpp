#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "judge/tally.hpp"

namespace faceoff {

/// Who judged: in a sentence, and as evaluation.json.
struct Judged {
  std::string words;
  Json about;
};

/// Writes report.html, one file that needs no other, and report.tex with its pictures in report/, beside
/// evaluation.jsonl, of which `lines` are. False where the page has no plots because nothing that draws them is there.
bool write_report(const std::filesystem::path& run, const std::string& name, const Judged& judged,
                  const std::vector<Json>& lines, const std::vector<Tally>& tallies);

}  // namespace faceoff
