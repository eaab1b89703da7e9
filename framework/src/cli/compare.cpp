// faceoff compare: whether it mattered what runs and their variants did differently.
#include <faceoff/error.hpp>

#include <boost/program_options/value_semantic.hpp>

#include <iostream>
#include <optional>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "compare/formats.hpp"

namespace faceoff {

namespace {

namespace po = boost::program_options;

po::options_description options() {
  po::options_description all("faceoff compare RUN…");
  all.add_options()            //
      ("help,h", "show this")  //
      ("by", po::value<std::string>(),
       "a swept key, by its name or the last part of it: its values are compared within each setting of the others, "
       "and over all of them; \"run\" compares runs")  //
      ("baseline", po::value<std::string>(),
       "what the others are compared with: a variant, or with --by a value; else the first")  //
      ("false-accept-rate", po::value<double>(),
       "of the recognisers' thresholds: 0.01, 0.001 or 0.0001; else what the experiment says")  //
      ("all", "tables of the means, too: cosines, scores, picture quality, cost")               //
      ("json", "everything as JSON, for programs")                                              //
      ("csv", "everything as CSV, a line a row");
  return all;
}

std::optional<std::string> text(const po::variables_map& given, const char* option) {
  return given.contains(option) ? std::optional(given[option].as<std::string>()) : std::nullopt;
}

/// Whether one picture gave several pairs to a table that is shown.
bool clustered(const Comparison& comparison) {
  for (const Table& table : comparison.tables) {
    for (const Row& row : table.rows) {
      if (row.difference && row.difference->clustered()) return true;
    }
  }
  return false;
}

std::optional<double> false_accept_rate(const po::variables_map& given) {
  if (!given.contains("false-accept-rate")) return std::nullopt;
  const double rate = given["false-accept-rate"].as<double>();
  if (!(rate > 0 && rate < 1)) throw ConfigError("--false-accept-rate: a number between 0 and 1, such as 0.001");
  return rate;
}

}  // namespace

int compare_command(std::vector<std::string> args) {
  po::options_description all = options();
  po::options_description accepted;
  accepted.add(all).add_options()("run", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("run", -1);
  const po::variables_map given = parse_options(args, accepted, positional);
  if (given.contains("help")) {
    std::ostringstream help;
    help << "Variants of one run or of several, compared on the pictures and faces that they share.\n\n" << all;
    print(help.str());
    return static_cast<int>(ExitCode::done);
  }
  const std::vector<std::string> named = list(given, "run");
  if (named.empty()) throw ConfigError("compare needs a run's folder: faceoff compare RUN…");
  if (given.contains("json") && given.contains("csv")) throw ConfigError("--json or --csv, not both");
  Comparison comparison;
  comparison.runs = read_runs(std::vector<std::filesystem::path>(named.begin(), named.end()), false_accept_rate(given));
  Runs& runs = comparison.runs;
  const std::optional<std::string> by = text(given, "by"), baseline = text(given, "baseline");
  comparison.plan = by ? compare_by(runs.contestants, *by, baseline) : compare_all(runs.contestants, baseline);
  comparison.tables = compare(runs, comparison.plan);
  runs.notes.insert(runs.notes.end(), comparison.plan.notes.begin(), comparison.plan.notes.end());
  if (clustered(comparison)) {
    runs.notes.emplace_back(
        "several pairs are of one picture, and p and the intervals of shares take them for independent: go by 'p by "
        "picture'");
  }
  for (const std::string& note : runs.notes) std::cerr << note << '\n';
  if (given.contains("json")) {
    print(to_json(comparison));
  } else if (given.contains("csv")) {
    print(to_csv(comparison));
  } else {
    print(to_words(comparison, given.contains("all")));
  }
  return static_cast<int>(ExitCode::done);
}

}  // namespace faceoff
