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
#include "plugins/call_plugin.hpp"
#include "run/run_items.hpp"

namespace faceoff {

namespace {

/// The sizes of those pictures that can be read.
std::vector<Extent> extents_of(const std::vector<std::filesystem::path>& pictures) {
  std::vector<Extent> all;
  for (const std::filesystem::path& picture : pictures) {
    try {
      all.push_back(extent_of(picture));
    } catch (const Error&) {
      continue;  // it costs its item alone
    }
  }
  return all;
}

/// About how long attacks on pictures of these sizes take: the smallest and the largest are tried, and what lies
/// between them goes by its pixels.
double seconds_of(const Assembly& assembly, const std::vector<Extent>& pictures) {
  if (pictures.empty()) return 0;
  const auto [smallest, largest] = std::ranges::minmax_element(pictures, {}, &Extent::pixels);
  const double least = seconds_a_face(assembly, *smallest);
  const auto more = static_cast<double>(largest->pixels() - smallest->pixels());
  const double most = more > 0 ? seconds_a_face(assembly, *largest) : least;
  double sum = 0;
  for (const Extent& picture : pictures) {
    const auto beyond = static_cast<double>(picture.pixels() - smallest->pixels());
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
      if (is_new) expected->second.seconds = seconds_of(*variant.assembly, extents_of(experiment.pictures));
    } catch (...) {
      expected->second.unknown = what_was_thrown();
    }
    all.push_back({experiment.variant, experiment.pictures.size(), expected->second.seconds, expected->second.unknown});
  }
  return all;
}

}  // namespace faceoff
