// faceoff compare: whether it mattered what runs and their variants did differently.
#include <faceoff/error.hpp>

#include <iostream>
#include <optional>

#include "cli/commands.hpp"
#include "cli/process.hpp"
#include "compare/formats.hpp"

namespace faceoff {

namespace {

/// Whether one picture gave several pairs to a table that is shown.
bool clustered(const Comparison& comparison) {
  for (const Table& table : comparison.tables) {
    for (const Row& row : table.rows) {
      if (row.difference && row.difference->clustered()) return true;
    }
  }
  return false;
}

int compare(const Arguments& given) {
  const std::vector<std::string> named = given.texts("run");
  if (given.has("json") && given.has("csv")) throw ConfigError("--json or --csv, not both");
  Comparison comparison;
  std::optional<double> rate;
  if (given.has("false-accept-rate")) rate = given.false_accept_rate();
  comparison.runs = read_runs(std::vector<std::filesystem::path>(named.begin(), named.end()), rate);
  Runs& runs = comparison.runs;
  const std::optional<std::string> by = given.text_if("by"), baseline = given.text_if("baseline");
  comparison.plan = by ? compare_by(runs.contestants, *by, baseline) : compare_all(runs.contestants, baseline);
  const bool all = given.has("json") || given.has("csv") || given.has("all");
  comparison.tables = compare(runs, comparison.plan, all ? Shown::all : Shown::shares);
  runs.notes.insert(runs.notes.end(), comparison.plan.notes.begin(), comparison.plan.notes.end());
  if (clustered(comparison)) {
    runs.notes.emplace_back(
        "several pairs are of one picture, and p and the intervals of shares take them for independent: go by 'p by "
        "picture'");
  }
  for (const std::string& note : runs.notes) std::cerr << note << '\n';
  if (given.has("json")) {
    print(to_json(comparison));
  } else if (given.has("csv")) {
    print(to_csv(comparison));
  } else {
    print(to_words(comparison));
  }
  return static_cast<int>(ExitCode::done);
}

}  // namespace

Command compare_command() {
  return Command("faceoff compare RUN…",
                 "Variants of one run or of several, compared on the pictures and faces that they share.", compare)
      .operand("run", -1, "compare needs a run's folder")
      .text("by",
            "a swept key, by its name or the last part of it: its values are compared within each setting of the "
            "others, and over all of them; \"run\" compares runs")
      .text("baseline", "what the others are compared with: a variant, or with --by a value; else the first")
      .number("false-accept-rate",
              "of the recognisers' thresholds: 0.01, 0.001 or 0.0001; else what the experiment says")
      .flag("all", "tables of the means, too: cosines, scores, picture quality, cost")
      .flag("json", "everything as JSON, for programs")
      .flag("csv", "everything as CSV, a line a row");
}

}  // namespace faceoff
