#include "protect/preset.hpp"

#include <faceoff/error.hpp>
#include <faceoff/schema.hpp>

#include <algorithm>
#include <climits>

#include "base/files.hpp"
#include "base/one_line.hpp"
#include "base/shell.hpp"
#include "base/suggest.hpp"
#include "plugins/caller.hpp"
#include "plugins/model_pool.hpp"
#include "toml/document.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

void require_one_of(const std::string& option, const std::string& said, const std::vector<std::string>& words) {
  if (std::ranges::find(words, said) != words.end()) return;
  throw ConfigError("--" + option + " " + one_line(said) + ": " + words[0] + ", " + words[1] + " or " + words[2] +
                    did_you_mean(said, words));
}

/// The people of a gallery: the names of its folders.
std::vector<std::string> people_in(const fs::path& gallery) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(gallery)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && !name.starts_with('.')) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

/// Throws ConfigError where a gallery is none, or whom faces are to be taken for is not in it.
void require_people(const Wish& wish) {
  const std::string said = "--gallery " + one_line(wish.gallery.string(), PATH_MAX);
  std::error_code error;
  if (!fs::is_directory(wish.gallery, error))
    throw MissingFile(said + ": no such folder; name one with a folder of photos a person", wish.gallery);
  std::vector<std::string> names;
  try {
    names = people_in(wish.gallery);
  } catch (const fs::filesystem_error& failed) {
    throw ConfigError(said + ": can't be listed: " + failed.code().message());
  }
  if (names.size() < 2) {
    throw ConfigError(said + ": it has to have a folder of photos a person, of two people at least, and has " +
                      std::to_string(names.size()));
  }
  if (wish.as.empty() || std::ranges::find(names, wish.as) != names.end()) return;
  throw ConfigError("--as " + one_line(wish.as) + ": nobody in " + one_line(wish.gallery.string(), PATH_MAX) +
                    " is called that" + did_you_mean(wish.as, names));
}

void require_possible(const Wish& wish) {
  require_one_of("strength", wish.strength, {"low", "mid", "high"});
  require_one_of("from", wish.from, {"recognisers", "detectors", "both"});
  if (wish.from == "detectors" && (!wish.as.empty() || !wish.gallery.empty()))
    throw ConfigError("--as and --gallery are about recognisers: they say nothing with --from detectors");
  if (!wish.as.empty() && wish.gallery.empty())
    throw ConfigError("--as " + one_line(wish.as) +
                      ": say who that is with --gallery DIR, a folder of photos a person");
  if (!wish.gallery.empty()) require_people(wish);
}

/// The budget that a strength stands for.
double epsilon_of(const fs::path& strength) {
  const Document document(strength, {});
  return document.tables(document.variants().front()).at_path("attack.epsilon").value_or(0.);
}

/// Which files a gallery has, and how large they are: a photo more makes another attack.
std::string listing_of(const fs::path& gallery) {
  std::vector<std::string> lines;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(gallery)) {
    std::error_code ignored;
    if (entry.is_regular_file(ignored))
      lines.push_back(entry.path().string() + " " + std::to_string(entry.file_size(ignored)) + "\n");
  }
  std::ranges::sort(lines);
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

/// Whom faces are led to or away from.
std::vector<std::string> people_sets(const Wish& wish) {
  if (wish.from == "detectors") return {};
  const fs::path people = wish.gallery.empty() ? samples_folder() : wish.gallery;
  std::error_code ignored;
  if (!fs::exists(people, ignored)) {
    throw MissingFile("no sample photos in " + one_line(people.string(), PATH_MAX) +
                          ", whose faces stand for other people: fetch them with scripts/models, or name people with "
                          "--gallery",
                      people);
  }
  const std::string named = fs::absolute(people).string() + (wish.gallery.empty() ? "/*.jpg" : "");
  std::vector<std::string> sets = {"data.people=[" + to_toml(named) + "]"};
  if (!wish.as.empty()) {
    // As strong_impersonation.toml: a little away from oneself helps to get there, and much of it only protects.
    sets.insert(sets.end(), {"attack.goal=\"impersonate\"",
                             "attack.target={choice=\"named\", name=" + to_toml(wish.as) + "}", "loss.0.lambda=0.5"});
  }
  return sets;
}

std::string words_of(const Wish& wish) {
  std::string words = "--strength " + wish.strength + " --from " + wish.from;
  if (!wish.as.empty()) words += " --as " + in_shell(wish.as);
  if (!wish.gallery.empty()) words += " --gallery " + in_shell(wish.gallery.string());
  if (wish.keep_metadata) words += " --keep-metadata";
  for (const std::string& set : wish.sets) words += " --set " + in_shell(set);
  return words;
}

}  // namespace

Preset preset_of(const Wish& wish) {
  require_possible(wish);
  const fs::path experiments = shared_folder("experiments");
  const fs::path strength = experiments / ("protect_" + wish.strength + ".toml");
  Preset preset{strength, {}, {}, words_of(wish)};
  if (wish.from != "recognisers") {
    preset.experiment = experiments / (wish.from == "both" ? "protect.toml" : "hide_from_detectors.toml");
    preset.sets.push_back("attack.epsilon=" + to_toml(epsilon_of(strength)));
  }
  const std::vector<std::string> people = people_sets(wish);
  preset.sets.insert(preset.sets.end(), people.begin(), people.end());
  preset.sets.emplace_back("output.traces=false");
  if (wish.keep_metadata) preset.sets.emplace_back("output.exif=\"keep\"");
  preset.sets.insert(preset.sets.end(), wish.sets.begin(), wish.sets.end());
  const std::string gallery = wish.gallery.empty() ? "" : listing_of(wish.gallery);
  preset.key =
      sha256("faceoff " FACEOFF_VERSION "\n" + Document(preset.experiment, preset.sets).whole_text() + gallery);
  return preset;
}

fs::path samples_folder() {
  const std::vector<fs::path> models = setup_on(at::kCPU).models;
  std::error_code ignored;
  const auto found = std::ranges::find_if(
      models, [&](const fs::path& folder) { return fs::exists(folder / "samples" / "sample1.jpg", ignored); });
  return fs::absolute(found != models.end() ? *found : models.back()) / "samples";
}

}  // namespace faceoff
