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

/// Decodes a picture; nothing where that can't be done, which costs its item alone.
std::optional<Picture> decoded(const Assembly& assembly, const Sized& one) {
  try {
    return read_to_attack(assembly, one.file, one.file);
  } catch (const Error&) {
    return {};
  }
}

/// About how long attacks on these pictures take: the smallest, the middle one and the largest are tried, or the next
/// that can be decoded. What lies between two of them goes by its pixels, and where those are the same by the mean.
/// Throws FileError where none can be decoded.
double seconds_of(const Assembly& assembly, const std::vector<Sized>& pictures) {
  const auto together = std::min(static_cast<std::size_t>(assembly.experiment.batch), pictures.size());
  std::vector<Tried> tried;
  std::vector<std::size_t> places(pictures.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  const auto try_first = [&](auto from, auto to) {
    for (; from != to; ++from) {
      const std::size_t place = *from;
      if (!tried.empty() && place <= tried.back().place) return;
      const Extent extent = pictures[place].extent;
      const std::optional<Picture> picture = decoded(assembly, pictures[place]);
      if (!picture) continue;
      const std::vector<Extent> alike(together, extent);
      const std::size_t cut_at = cut(alike, false).front();
      const bool fit = fits_into_memory(assembly, extent.pixels() * static_cast<std::int64_t>(cut_at));
      tried.push_back(
          {place, static_cast<double>(extent.pixels()), seconds_of_attack(assembly, *picture, fit ? cut_at : 1)});
      return;
    }
  };
  try_first(places.begin(), places.end());
  try_first(places.begin() + static_cast<std::ptrdiff_t>(places.size() / 2), places.end());
  try_first(places.rbegin(), places.rend());
  if (tried.empty()) throw FileError("none of its pictures can be read");
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
  std::map<const PreparedVariant*, std::vector<std::filesystem::path>> pictures;
  for (const Item& item : part()) pictures[item.variant].push_back(item.picture);
  std::map<std::pair<std::string, std::vector<std::filesystem::path>>, Expected> known;
  std::vector<Expected> all;
  for (const PreparedVariant& variant : prepared_) {
    const Experiment& experiment = variant.assembly->experiment;
    const std::vector<std::filesystem::path>& here = pictures[&variant];
    if (here.empty()) continue;
    const auto [expected, is_new] = known.try_emplace({work_of(experiment), here});
    try {
      if (is_new) expected->second.seconds = seconds_of(*variant.assembly, by_size(here));
    } catch (...) {
      expected->second.unknown = what_was_thrown();
    }
    all.push_back({experiment.variant, here.size(), expected->second.seconds, expected->second.unknown});
  }
  return all;
}

}  // namespace faceoff
