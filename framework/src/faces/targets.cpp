#include "faces/targets.hpp"

#include <faceoff/random.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace faceoff {

const std::vector<std::string> target_choices = {"furthest", "nearest", "random", "named", "photos", "gain"};

std::string folder_name(const std::filesystem::path& picture) {
  return std::filesystem::absolute(picture).parent_path().filename().string();
}

namespace {

/// The first so many of the people in a random order.
std::vector<const Person*> drawn(std::vector<const Person*> people, std::uint64_t key, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) std::swap(people[i], people[i + mix(key, i) % (people.size() - i)]);
  people.resize(count);
  return people;
}

/// Whom the picture's f-th face may be taken for.
std::vector<const Person*> choose(const TargetConfig& config, const LoadedModel& measure, std::uint64_t seed,
                                  const Gallery& gallery, const Targeted& picture, std::int64_t f) {
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
  if (config.choice == Choice::furthest) return {*std::ranges::min_element(candidates, {}, similarity)};
  if (config.choice == Choice::nearest) return {*std::ranges::max_element(candidates, {}, similarity)};
  if (config.choice == Choice::named) return {candidates.front()};
  const std::uint64_t key = mix(mix(mix(seed, hash("target")), hash(picture.photo)), static_cast<std::uint64_t>(f));
  if (config.choice == Choice::gain)
    return drawn(candidates, key, std::min(candidates.size(), static_cast<std::size_t>(config.candidates)));
  // Behind the last one the first again.
  return {drawn(candidates, key, static_cast<std::size_t>(config.draw - 1) % candidates.size() + 1).back()};
}

}  // namespace

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
    const std::vector<const Person*> chosen = config.choice == TargetConfig::Choice::photos
                                                  ? std::vector<const Person*>{&photos.at(config.name)}
                                                  : choose(config, measure, seed, gallery, picture, f);
    std::vector<Target>& of_face = targets.emplace_back();
    for (const Person* person : chosen) of_face.push_back({person->name, person->attacked(), person->judging()});
  }
  return targets;
}

}  // namespace faceoff
