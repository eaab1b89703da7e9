#include "run/merge.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "base/one_line.hpp"
#include "run/environment.hpp"
#include "run/results.hpp"
#include "run/run_folder.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// What a part's environment.json says.
Environment about(const fs::path& part) {
  std::optional<Environment> found = read_environment(part);
  if (!found) throw ConfigError(one_line(part.string()) + ": not a run's folder (no environment.json)");
  return std::move(*found);
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
Environment environment_of(const std::vector<Environment>& parts, const std::vector<std::string>& command) {
  Environment whole = parts.front();
  whole.command = command;
  whole.shard.reset();
  whole.items_here = whole.items;
  whole.merged.emplace();
  for (const Environment& part : parts) whole.merged->push_back({part.shard.value_or(""), part.command, part.host});
  return whole;
}

/// What the parts say of themselves, which has to fit together.
std::vector<Environment> abouts_of(const std::vector<fs::path>& parts) {
  std::vector<Environment> abouts;
  for (auto part = parts.begin(); part != parts.end(); ++part) {
    abouts.push_back(about(*part));
    if (std::any_of(parts.begin(), part, [&](const fs::path& other) { return fs::equivalent(other, *part); }))
      throw ConfigError(one_line(part->string()) + ": named twice");
    if (abouts.back().plan != abouts.front().plan) {
      throw ConfigError(one_line(part->string()) + ": not a part of the run that " + one_line(parts.front().string()) +
                        " is a part of: the experiment, its pictures, people, plugins, weights or --batch are others");
    }
    if (abouts.back().variants != abouts.front().variants) {
      throw ConfigError(one_line(part->string()) + ": judged otherwise than " + one_line(parts.front().string()) +
                        ": by another false accept rate, or by other thresholds");
    }
  }
  return abouts;
}

}  // namespace

void require_parts(const std::vector<fs::path>& parts) {
  abouts_of(parts);
}

void merge_runs(const std::vector<fs::path>& parts, const fs::path& into, const std::vector<std::string>& command) {
  const std::vector<Environment> abouts = abouts_of(parts);
  const RunFolder run(into);
  merge_results(parts, into, [&](std::size_t part, const ItemLine& line) {
    if (line.output.empty()) return;
    const std::vector<fs::path> places = RunFolder::places(line.output);
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
  run.write("environment.json", to_text(environment_of(abouts, command)));
}

}  // namespace faceoff
