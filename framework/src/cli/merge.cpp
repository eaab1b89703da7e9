// faceoff merge: the parts of a run that jobs did by themselves, as one.
#include "run/merge.hpp"

#include <boost/program_options/value_semantic.hpp>

#include <filesystem>
#include <iostream>
#include <sstream>
#include <system_error>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/summary.hpp"
#include "run/environment.hpp"
#include "run/results.hpp"
#include "run/run_folder.hpp"

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

  const std::vector<fs::path> parts(named.begin(), named.end());
  require_parts(parts);
  std::vector<std::string> command = {"faceoff", "merge"};
  command.insert(command.end(), args.begin(), args.end());
  const fs::path place = fs::absolute(out / "").parent_path();
  make_folder(place.parent_path());
  const NewFolder temporary(place.parent_path());
  const fs::path whole = temporary.path() / "whole";
  make_folder(whole);
  merge_runs(parts, whole, command);
  const Summary summary = summarise(whole, out);
  const std::int64_t missing = missing_items(whole);
  std::error_code error;
  fs::rename(whole, place, error);
  if (error) throw FileError(place.string() + ": can't make the folder: " + error.message());
  std::cerr << summary.text;
  if (missing > 0) {
    std::cerr << missing << " of " << read_environment(place).value().items
              << " items are not done in any part; faceoff run EXPERIMENT.toml --resume --out " << out.string()
              << " does them\n";
  }
  print(out.string() + "\n");
  return static_cast<int>(missing > 0 || summary.failed > 0 ? ExitCode::items_failed : ExitCode::done);
}

}  // namespace faceoff
