// How long the attacks of a run will take.
#include <faceoff/error.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "attack/attack.hpp"
#include "picture/header.hpp"
#include "picture/picture.hpp"
#include "plugins/call_plugin.hpp"
#include "run/item_list.hpp"
#include "run/run_items.hpp"

namespace faceoff {

namespace {

struct Sized {
  std::filesystem::path file;
  Extent extent;
};

/// Those pictures that can be read, as far as their headers tell.
std::vector<Sized> sized(const std::vector<std::filesystem::path>& pictures) {
  std::vector<Sized> all;
  for (const std::filesystem::path& picture : pictures) {
    try {
      all.push_back({picture, extent_of(picture)});
    } catch (const Error&) {
      continue;  // it costs its item alone
    }
  }
  return all;
}

/// About how long attacks on these pictures take: the smallest and the largest are tried, and what lies between them
/// goes by its pixels.
double seconds_of(const Assembly& assembly, const std::vector<Sized>& pictures) {
  if (pictures.empty()) return 0;
  const auto pixels = [](const Sized& one) { return one.extent.pixels(); };
  const auto [smallest, largest] = std::ranges::minmax_element(pictures, {}, pixels);
  const auto together = std::min(static_cast<std::size_t>(assembly.experiment.batch), pictures.size());
  const auto seconds = [&](const Sized& one) {
    const std::vector<Extent> alike(together, one.extent);
    return seconds_of_attack(assembly, read_picture(one.file), cut(alike, false).front());
  };
  const double least = seconds(*smallest);
  const auto more = static_cast<double>(pixels(*largest) - pixels(*smallest));
  const double most = more > 0 ? seconds(*largest) : least;
  double sum = 0;
  for (const Sized& picture : pictures) {
    const auto beyond = static_cast<double>(pixels(picture) - pixels(*smallest));
    sum += least + (more > 0 ? (most - least) * beyond / more : 0);
  }
  return sum;
}

/// What a variant's attack takes is much the same whatever the budget and whoever a face is to be taken for: what else
/// the experiment says.
std::string work_of(const Experiment& experiment) {
  static const std::set<std::string> other = {"[data]", "[attack.target]", "[evaluate]", ""};
  std::string text;
  for (const Resolved::Line& line : experiment.resolved.lines) {
    if (!other.contains(line.section) && line.key != "epsilon" && line.key != "norm")
      text += line.section + line.key + line.value + "\n";
  }
  return text;
}

}  // namespace

std::vector<RunItems::Expected> RunItems::expected_time() const {
  std::map<std::pair<std::string, std::vector<std::filesystem::path>>, Expected> known;
  std::vector<Expected> all;
  for (const PreparedVariant& variant : prepared_) {
    const Experiment& experiment = variant.assembly->experiment;
    const auto [expected, is_new] = known.try_emplace({work_of(experiment), experiment.pictures});
    try {
      if (is_new) expected->second.seconds = seconds_of(*variant.assembly, sized(experiment.pictures));
    } catch (...) {
      expected->second.unknown = what_was_thrown();
    }
    all.push_back({experiment.variant, experiment.pictures.size(), expected->second.seconds, expected->second.unknown});
  }
  return all;
}

}  // namespace faceoff
