// faceoff merge: the parts of a run that jobs did by themselves, as one.
#include "run/merge.hpp"

#include <filesystem>
#include <iostream>
#include <system_error>

#include "base/files.hpp"
#include "cli/commands.hpp"
#include "cli/process.hpp"
#include "cli/summary.hpp"
#include "run/environment.hpp"
#include "run/results.hpp"
#include "run/run_folder.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

int merge(const Arguments& given) {
  const fs::path out = given.text("out");
  RunFolder::require_free(out);

  const std::vector<std::string> named = given.texts("part");
  const std::vector<fs::path> parts(named.begin(), named.end());
  require_parts(parts);
  std::vector<std::string> command = {"faceoff", "merge"};
  command.insert(command.end(), given.args.begin(), given.args.end());
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

}  // namespace

Command merge_command() {
  return Command("faceoff merge PART… --out DIR", "The parts of a run that jobs did by themselves, as one.", merge)
      .texts("part", "a folder that faceoff run --shard made; several, of one experiment")
      .text("out", "the whole run's folder, absent or empty")
      .operand("part", -1)
      .needs({"part", "out"}, "merge needs the parts and a folder for the whole");
}

}  // namespace faceoff
