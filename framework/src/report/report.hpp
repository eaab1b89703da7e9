#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "faces/gallery.hpp"
#include "judge/evaluation.hpp"
#include "judge/tally.hpp"
#include "report/faces.hpp"
#include "report/plots.hpp"

namespace faceoff {

/// evaluation.json: who found, aligned and judged the faces, by which weights and thresholds, between how many people
/// (`people`: where they were read from) recognisers chose, and the sums.
Json provenance(const std::vector<std::string>& command, const Examination& examination,
                const std::vector<std::string>& people, const Gallery& gallery, const std::vector<Tally>& tallies);

/// Writes report.html, one file that needs no other, and report.tex with its pictures in report/, of `lines`, those of
/// evaluation.jsonl; `choices`: of the variants. False where the page has no plots because
/// nothing that draws them is there.
bool write_report(const ReportPlaces& at, const std::string& name, const Examination& examination,
                  const Gallery& gallery, const Choices& choices, const std::vector<EvaluationLine>& lines,
                  const std::vector<Tally>& tallies);

}  // namespace faceoff
