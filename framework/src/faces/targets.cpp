#include "faces/targets.hpp"

#include <faceoff/random.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace faceoff {

const std::vector<std::string> target_choices = {"furthest", "nearest", "random", "named", "photos"};

namespace {

/// The draw-th, from 1, of the people in a random order; behind the last one the first again.
const Person* drawn(std::vector<const Person*> people, std::uint64_t key, std::int64_t draw) {
  const std::size_t place = static_cast<std::size_t>(draw - 1) % people.size();
  for (std::size_t i = 0; i <= place; ++i) std::swap(people[i], people[i + mix(key, i) % (people.size() - i)]);
  return people[place];
}

/// Whom the picture's f-th face is to be taken for.
const Person& choose(const TargetConfig& config, const LoadedModel& measure, std::uint64_t seed, const Gallery& gallery,
                     const Targeted& picture, std::int64_t f) {
  using Choice = TargetConfig::Choice;
  std::vector<const Person*> candidates;
  for (const Person& person : gallery.people()) {
    const bool there =
        person.name == picture.folder || std::ranges::find(person.photos, picture.photo) != person.photos.end();
    if (!there && (config.choice != Choice::named || person.name == config.name)) candidates.push_back(&person);
  }
  if (candidates.empty()) {
    throw Error("nobody is left to be taken for: " +
                (config.choice == Choice::named ? "'" + config.name + "'" : std::string("everybody in [data] people")) +
                " is on this picture");
  }
  const auto similarity = [&](const Person* person) {
    return at::matmul(person->attacked().at(&measure), picture.own[f]).mean().item<double>();
  };
  if (config.choice == Choice::furthest) return **std::ranges::min_element(candidates, {}, similarity);
  if (config.choice == Choice::nearest) return **std::ranges::max_element(candidates, {}, similarity);
  if (config.choice == Choice::named) return *candidates.front();
  const std::uint64_t key = mix(mix(seed, hash("target")), hash(picture.photo));
  return *drawn(candidates, mix(key, static_cast<std::uint64_t>(f)), config.draw);
}

}  // namespace

std::vector<Target> choose_targets(const std::vector<TargetConfig>& configs, const LoadedModel& measure,
                                   std::uint64_t seed, const Gallery& gallery,
                                   const std::map<std::string, Person>& photos, const Targeted& picture) {
  if (configs.empty()) return {};
  const std::int64_t faces = picture.own.size(0);
  if (configs.size() > 1 && faces != static_cast<std::int64_t>(configs.size())) {
    throw Error("[attack] target has " + std::to_string(configs.size()) + " targets, one a face, and the picture has " +
                std::to_string(faces) + (faces == 1 ? " face" : " faces"));
  }
  std::vector<Target> targets;
  for (std::int64_t f = 0; f < faces; ++f) {
    const TargetConfig& config = configs.size() > 1 ? configs[static_cast<std::size_t>(f)] : configs.front();
    const Person& chosen = config.choice == TargetConfig::Choice::photos
                               ? photos.at(config.name)
                               : choose(config, measure, seed, gallery, picture, f);
    targets.push_back({chosen.name, chosen.attacked(), chosen.judging()});
  }
  return targets;
}

}  // namespace faceoff
