#include "faces/targets.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/suggest.hpp"
#include "faces/drawn.hpp"

namespace faceoff {

const std::vector<std::string> target_choices = {"furthest", "nearest", "random", "named", "photos", "gain"};

namespace {

/// Of each person the mean cosine of an embedding [D] with the photos that an attack may look at.
std::vector<double> similarities(const Gallery& gallery, const LoadedModel& measure, const at::Tensor& embedding) {
  const at::Tensor cosines = at::matmul(gallery.embeddings(measure), embedding).to(at::kCPU, at::kDouble);
  const auto cosine = cosines.accessor<double, 1>();
  std::vector<double> means;
  for (std::size_t p = 0; p < gallery.people().size(); ++p) {
    const Gallery::Rows rows = gallery.rows(p);
    double sum = 0, count = 0;
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      if (!gallery.attacked()[static_cast<std::size_t>(row)]) continue;
      sum += cosine[row];
      ++count;
    }
    means.push_back(sum / count);
  }
  return means;
}

/// Who may be chosen for the picture's faces: nobody who is on it.
std::vector<std::size_t> candidates_for(const TargetConfig& config, const Gallery& gallery, const Targeted& picture) {
  const bool named = config.choice == TargetConfig::Choice::named;
  std::set<std::size_t> there;
  for (const std::int64_t row : gallery.rows_of(picture.photo)) there.insert(gallery.owner(row));
  std::vector<std::size_t> candidates;
  for (std::size_t p = 0; p < gallery.people().size(); ++p) {
    const std::string& name = gallery.people()[p].name;
    if (name == picture.folder || there.contains(p)) continue;
    if (!named || name == config.name) candidates.push_back(p);
  }
  if (candidates.empty()) {
    throw Error("nobody is left to be taken for: " + (named ? "'" + config.name + "'" : "everybody in [data] people") +
                " is on this picture");
  }
  return candidates;
}

/// Whom the picture's f-th face may be taken for.
std::vector<std::size_t> choose(const TargetConfig& config, const LoadedModel& measure, std::uint64_t seed,
                                const Gallery& gallery, const Targeted& picture, std::int64_t f) {
  using Choice = TargetConfig::Choice;
  std::vector<std::size_t> candidates = candidates_for(config, gallery, picture);
  if (config.choice == Choice::named) return {candidates.front()};
  const std::vector<double> all = similarities(gallery, measure, picture.own[f]);
  const auto similarity = [&](std::size_t person) { return all[person]; };
  const auto passes = [&](std::size_t person) { return picture.same && all[person] >= *picture.same; };
  if (!std::ranges::all_of(candidates, passes)) std::erase_if(candidates, passes);
  const std::uint64_t key = mix(mix(mix(seed, hash("target")), hash(picture.photo)), static_cast<std::uint64_t>(f));
  if (config.choice == Choice::gain)
    return drawn(candidates, key, std::min(candidates.size(), static_cast<std::size_t>(config.candidates)));
  if (config.choice == Choice::random)  // behind the last one the first again
    return {drawn(candidates, key, static_cast<std::size_t>(config.draw - 1) % candidates.size() + 1).back()};
  if (config.choice == Choice::furthest) return {*std::ranges::min_element(candidates, {}, similarity)};
  return {*std::ranges::max_element(candidates, {}, similarity)};
}

}  // namespace

void require_targets(const Gallery& gallery, const std::vector<TargetConfig>& configs) {
  for (const TargetConfig& config : configs) {
    if (config.choice != TargetConfig::Choice::named || gallery.find(config.name) != nullptr) continue;
    std::vector<std::string> names;
    std::ranges::transform(gallery.people(), std::back_inserter(names), &Person::name);
    throw ConfigError("nobody is named '" + config.name + "' in [data] people" + did_you_mean(config.name, names),
                      config.place);
  }
}

std::vector<std::vector<Target>> choose_targets(const std::vector<TargetConfig>& configs, const LoadedModel& measure,
                                                std::uint64_t seed, const Gallery& gallery,
                                                const std::map<std::string, Person>& photos, const Targeted& picture) {
  if (configs.empty()) return {};
  const std::int64_t faces = picture.own.size(0);
  if (configs.size() > 1 && faces != static_cast<std::int64_t>(configs.size())) {
    throw Error("[attack] target has " + std::to_string(configs.size()) + " targets, one a face, and the picture has " +
                std::to_string(faces) + (faces == 1 ? " face" : " faces"));
  }
  std::vector<std::vector<Target>> targets;
  for (std::int64_t f = 0; f < faces; ++f) {
    const TargetConfig& config = configs.size() > 1 ? configs[static_cast<std::size_t>(f)] : configs.front();
    std::vector<Target>& of_face = targets.emplace_back();
    const auto add = [&](const Person& person) { of_face.push_back({person.name, person.attacked()}); };
    if (config.choice == TargetConfig::Choice::photos) {
      add(photos.at(config.name));
    } else {
      for (const std::size_t chosen : choose(config, measure, seed, gallery, picture, f)) add(gallery.people()[chosen]);
    }
  }
  return targets;
}

}  // namespace faceoff
