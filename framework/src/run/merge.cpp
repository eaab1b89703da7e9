#include "run/merge.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "run/results.hpp"
#include "run/run_folder.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// A file or folder in a second place: the same one where the file system can do that, else a copy.
void put(const fs::path& from, const fs::path& to) {
  if (fs::is_directory(from)) {
    make_folder(to);
    for (const fs::directory_entry& entry : fs::directory_iterator(from)) put(entry, to / entry.path().filename());
    return;
  }
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (error) fs::copy_file(from, to, error);
  if (error) throw FileError(to.string() + ": can't be made of " + from.string() + ": " + error.message());
}

}  // namespace

std::vector<Environment> require_parts(const std::vector<fs::path>& parts) {
  std::vector<Environment> abouts;
  for (auto part = parts.begin(); part != parts.end(); ++part) {
    const std::optional<Environment> about = read_environment(*part);
    if (!about) throw ConfigError(one_line(part->string()) + ": not a run's folder (no environment.json)");
    abouts.push_back(*about);
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

void merge_runs(const std::vector<fs::path>& parts, const fs::path& into, const std::vector<std::string>& command) {
  const std::vector<Environment> abouts = require_parts(parts);
  std::map<std::string, std::pair<std::string, std::size_t>> read;  // each picture's SHA-256, and in which part
  merge_results(parts, into, [&](std::size_t part, const ItemLine& line) {
    if (line.output.empty()) return;
    const auto& [digest, where] = read.try_emplace(line.picture, line.picture_sha256, part).first->second;
    if (digest != line.picture_sha256) {
      throw ConfigError(one_line(line.picture) + ": it changed between " + one_line(parts[where].string()) + " and " +
                        one_line(parts[part].string()) +
                        "; faceoff run --resume on the older part makes its items again");
    }
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
  Environment whole = abouts.front();
  whole.command = command;
  whole.shard.reset();
  whole.items_here = whole.items;
  whole.merged.emplace();
  for (const Environment& part : abouts) {
    whole.merged->push_back({part.shard.value_or(""), part.command, part.host});
    for (const LeftOut& one : part.left_out) add_once(whole.left_out, one);
  }
  write_atomically(into / "environment.json", to_text(whole));
}

}  // namespace faceoff
