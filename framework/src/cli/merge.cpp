// faceoff merge: the parts of a run that jobs did by themselves, as one.
#include <boost/program_options/value_semantic.hpp>

#include <filesystem>
#include <iostream>
#include <sstream>
#include <system_error>

#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/summary.hpp"
#include "cli/workshop.hpp"
#include "host/exception.hpp"
#include "host/json.hpp"
#include "host/results.hpp"
#include "host/run_folder.hpp"
#include "picture/files.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

po::options_description options() {
  po::options_description all("faceoff merge PART… --out DIR");
  all.add_options()            //
      ("help,h", "show this")  //
      ("part", po::value<std::vector<std::string>>()->composing(),
       "a folder that faceoff run --shard made; several, of one experiment")  //
      ("out", po::value<std::string>(), "the whole run's folder, absent or empty");
  return all;
}

/// What a part's environment.json says.
Json about(const fs::path& part) {
  Json json = read_environment(part);
  if (json.is_null()) throw ConfigError(one_line(part.string()) + ": not a run's folder (no environment.json)");
  if (!json.contains("plan") || !json.contains("items") || !json.contains("shard"))
    throw FileError(one_line((part / "environment.json").string()) + ": not as a run wrote it");
  return json;
}

/// A file or folder in a second place: the same one where the file system can do that, else a copy.
void put(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (fs::is_directory(from)) {
    make_folder(to);
    for (const fs::directory_entry& entry : fs::directory_iterator(from)) put(entry, to / entry.path().filename());
    return;
  }
  fs::create_hard_link(from, to, error);
  if (error) fs::copy_file(from, to, error);
  if (error) throw FileError(to.string() + ": can't be made of " + from.string() + ": " + error.message());
}

/// The first part's environment.json, as that of all together.
Json environment_of(const std::vector<Json>& parts, const std::vector<std::string>& command) {
  Json whole = parts.front();
  whole["command"] = command;
  whole["shard"] = nullptr;
  whole["merged"] = Json::array();
  for (const Json& part : parts) {
    whole["merged"].push_back(
        {{"shard", part.at("shard")}, {"command", part.at("command")}, {"host", part.at("host")}});
  }
  return whole;
}

void merge(const std::vector<fs::path>& parts, const std::vector<Json>& abouts, const fs::path& into,
           const std::vector<std::string>& command) {
  const RunFolder run(into);
  merge_results(parts, into, [&](std::size_t part, const Json& line) {
    if (line.at("output").is_null()) return;
    const std::vector<fs::path> places = RunFolder::places(line.at("output").get<std::string>());
    if (!fs::is_regular_file(parts[part] / places.front())) {
      throw FileError(one_line((parts[part] / places.front()).string()) +
                      ": it is gone; faceoff run --resume on this part makes it again");
    }
    for (const fs::path& place : places) {
      if (!fs::exists(parts[part] / place)) continue;
      make_folder((into / place).parent_path());
      put(parts[part] / place, into / place);
    }
  });
  for (const char* name : {"experiment.toml", "resolved.toml"}) put(parts.front() / name, into / name);
  run.write("environment.json", to_text(environment_of(abouts, command), 2) + "\n");
}

}  // namespace

int merge_command(std::vector<std::string> args) {
  po::positional_options_description positional;
  positional.add("part", -1);
  const po::variables_map given = parse_options(args, options(), positional);
  if (given.contains("help")) {
    std::ostringstream text;
    text << options();
    print(text.str());
    return static_cast<int>(ExitCode::done);
  }
  const std::vector<std::string> named = list(given, "part");
  if (named.empty() || !given.contains("out"))
    throw ConfigError("merge needs the parts and a folder for the whole: faceoff merge PART… --out DIR");
  const fs::path out = given["out"].as<std::string>();
  RunFolder::require_free(out);

  std::vector<fs::path> parts(named.begin(), named.end());
  std::vector<Json> abouts;
  for (const fs::path& part : parts) {
    abouts.push_back(about(part));
    if (abouts.back().at("plan") != abouts.front().at("plan")) {
      throw ConfigError(one_line(part.string()) + ": not a part of the run that " + one_line(named.front()) +
                        " is a part of: the experiment, its pictures, people, plugins or weights are others");
    }
    if (abouts.back().at("variants") != abouts.front().at("variants")) {
      throw ConfigError(one_line(part.string()) + ": judged otherwise than " + one_line(named.front()) +
                        ": by another false accept rate, or by other thresholds");
    }
  }
  std::vector<std::string> command = {"faceoff", "merge"};
  command.insert(command.end(), args.begin(), args.end());
  const fs::path place = fs::absolute(out / "").parent_path();
  make_folder(place.parent_path());
  const Workshop workshop(place.parent_path());
  const fs::path whole = workshop.path() / "whole";
  make_folder(whole);
  merge(parts, abouts, whole, command);
  const Summary summary = summarise(whole, out);
  const std::int64_t missing = missing_items(whole);
  std::error_code error;
  fs::rename(whole, place, error);
  if (error) throw FileError(place.string() + ": can't make the folder: " + error.message());
  std::cerr << summary.text;
  if (missing > 0) {
    std::cerr << missing << " of " << abouts.front().at("items")
              << " items are not done in any part; faceoff run EXPERIMENT.toml --resume --out " << out.string()
              << " does them\n";
  }
  print(out.string() + "\n");
  return static_cast<int>(missing > 0 || summary.failed > 0 ? ExitCode::items_failed : ExitCode::done);
}

}  // namespace faceoff
