// How long the attacks of a run will take.
#include <faceoff/error.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>
#include <optional>
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

/// Those pictures that can be read, as far as their headers tell, the smallest first.
std::vector<Sized> by_size(const std::vector<std::filesystem::path>& pictures) {
  std::vector<Sized> all;
  for (const std::filesystem::path& picture : pictures) {
    try {
      all.push_back({picture, extent_of(picture)});
    } catch (const Error&) {
      continue;  // it costs its item alone
    }
  }
  std::ranges::stable_sort(all, {}, [](const Sized& one) { return one.extent.pixels(); });
  return all;
}

/// A picture that was tried: its place by size, its pixels, and what an attack on it takes.
struct Tried {
  std::size_t place = 0;
  double pixels = 0, seconds = 0;
};

/// Tries the first of these places whose picture can be decoded.
std::optional<Tried> first_of(const Assembly& assembly, const std::vector<Sized>& pictures,
                              const std::vector<std::size_t>& places) {
  const auto together = std::min(static_cast<std::size_t>(assembly.experiment.batch), pictures.size());
  for (const std::size_t place : places) {
    const Sized& one = pictures[place];
    const std::vector<Extent> alike(together, one.extent);
    try {
      const Picture picture = read_picture(one.file);
      return Tried{place, static_cast<double>(one.extent.pixels()),
                   seconds_of_attack(assembly, picture, cut(alike, false).front())};
    } catch (const FileError&) {
      continue;  // it costs its item alone
    }
  }
  return {};
}

/// About how long attacks on these pictures take: the smallest, the middle one and the largest are tried. What lies
/// between two of them goes by its pixels, and where those are the same by the mean.
double seconds_of(const Assembly& assembly, const std::vector<Sized>& pictures) {
  if (pictures.empty()) return 0;
  std::vector<std::size_t> up(pictures.size());
  std::iota(up.begin(), up.end(), std::size_t{0});
  const auto middle = static_cast<std::ptrdiff_t>(pictures.size() / 2);
  std::vector<Tried> tried;
  for (const std::vector<std::size_t>& places : {up, std::vector<std::size_t>(up.begin() + middle, up.end()),
                                                 std::vector<std::size_t>(up.rbegin(), up.rend())}) {
    if (!tried.empty() && places.front() <= tried.back().place) continue;
    if (const auto one = first_of(assembly, pictures, places);
        one && (tried.empty() || one->place > tried.back().place))
      tried.push_back(*one);
  }
  if (tried.empty()) return 0;  // no picture can be decoded
  double sum = 0;
  for (std::size_t place = 0; place < pictures.size(); ++place) {
    const auto above = std::ranges::find_if(tried, [&](const Tried& one) { return one.place >= place; });
    const Tried& most = above == tried.end() ? tried.back() : *above;
    const Tried& least = above == tried.begin() || above == tried.end() ? most : *std::prev(above);
    const double more = most.pixels - least.pixels;
    const double share = more > 0 ? (static_cast<double>(pictures[place].extent.pixels()) - least.pixels) / more : .5;
    sum += least.seconds + share * (most.seconds - least.seconds);
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
      if (is_new) expected->second.seconds = seconds_of(*variant.assembly, by_size(experiment.pictures));
    } catch (...) {
      expected->second.unknown = what_was_thrown();
    }
    all.push_back({experiment.variant, experiment.pictures.size(), expected->second.seconds, expected->second.unknown});
  }
  return all;
}

}  // namespace faceoff
