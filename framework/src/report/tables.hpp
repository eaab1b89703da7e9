#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "judge/interval.hpp"
#include "judge/tally.hpp"

namespace faceoff {

/// A number or a dash.
std::string or_dash(const std::optional<double>& value, int digits);
/// A figure and its 95 % interval: "0.955 [0.933, 0.984]".
std::string with_interval(const Estimate& estimate);
/// When pictures were judged: "as delivered", "after jpeg:75".
std::string after_words(const std::string& after);
/// A judge's role as it is read: "held-out".
std::string role_name(const std::string& role);

/// A row of a report's table, in plain text.
struct TableRow {
  /// A figure, or a dash; a share of the faces with its interval.
  struct Cell {
    std::string text, interval = {};
  };
  std::string variant, after, judge, role;
  std::int64_t faces = 0;
  std::vector<std::string> notes;
  std::vector<Cell> cells;
};

/// A recogniser's row: how many faces had each outcome; how many were protected, taken for the target (rank-1) and not
/// found, each delivered and clean.
std::vector<TableRow> best_match_rows(const std::vector<Tally>& tallies);
/// How many were impersonated, dodged and identified at each of these false accept rates, delivered and clean.
std::vector<TableRow> rate_rows(const std::vector<Tally>& tallies, const std::vector<std::string>& rates);
/// A detector's row: faces found, average precision, false boxes and their area in %, each delivered and clean.
std::vector<TableRow> detector_rows(const std::vector<Tally>& tallies);

/// The report's tables as HTML; empty where there is nothing to say.
std::string recognisers_table(const std::vector<Tally>& tallies);
std::string detectors_table(const std::vector<Tally>& tallies);

}  // namespace faceoff
