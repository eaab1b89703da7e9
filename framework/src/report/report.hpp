#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "evaluate/tally.hpp"

namespace faceoff {

/// Writes report.html, one file that needs no other, and report.tex with its pictures in report/, beside
/// evaluation.jsonl. `lines` are that file's, and `judged` says in a sentence who judged.
void write_report(const std::filesystem::path& run, const std::string& name, const std::string& judged,
                  const std::vector<Json>& lines, const std::vector<Tally>& tallies);

}  // namespace faceoff
