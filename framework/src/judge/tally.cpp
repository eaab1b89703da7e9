#include "judge/tally.hpp"

#include <algorithm>
#include <numeric>

#include "faces/matching.hpp"

namespace faceoff {

namespace {

/// The entry of a judge in a list that keeps the order of first use.
template <class T>
T& named(std::vector<T>& list, const std::string& name, const std::string& role) {
  const auto found = std::ranges::find(list, name, &T::name);
  T& entry = found != list.end() ? *found : list.emplace_back();
  entry.name = name;
  entry.role = role;
  return entry;
}

void add_rates(RateCounts& counts, const std::optional<AtRates>& rates) {
  if (!rates) return;
  for (const auto& [rate, holds] : *rates) counts[rate].add(holds);
}

void add(Tally& tally, const Recognition& said) {
  RecogniserTally& recogniser = named(tally.recognisers, said.name, said.role);
  ++recogniser.faces;
  if (said.outcome) ++recogniser.outcomes[static_cast<char>(*said.outcome)];
  recogniser.calibrated = recogniser.calibrated || said.dodged;
  if (said.target_disjoint == false) ++recogniser.reused;
  if (said.impersonated && said.impersonated->empty()) ++recogniser.unknown_targets;
  recogniser.not_found.add({!said.found[0], !said.found[1]});
  if (said.not_the_person) recogniser.not_the_person.add(*said.not_the_person);
  if (said.is_the_target) recogniser.is_the_target.add(*said.is_the_target);
  add_rates(recogniser.impersonated, said.impersonated);
  add_rates(recogniser.dodged, said.dodged);
  add_rates(recogniser.identified, said.identified);
}

void add(Tally& tally, const DetectorEvaluation& said) {
  DetectorTally& detector = named(tally.detectors, said.name, said.role);
  ++detector.pictures;
  const auto found = [&](std::size_t which, std::size_t face) {
    const Detection::Sighting& sighting = said.seen.at(which).faces.at(face);
    return still_found(sighting.score, sighting.iou, said.minimum_score);
  };
  for (std::size_t face = 0; face < said.seen[0].faces.size(); ++face)
    detector.found.add({found(0, face), found(1, face)});
  for (std::size_t which = 0; which < said.seen.size(); ++which) {
    const Detection& seen = said.seen.at(which);
    std::ranges::copy(seen.false_areas, std::back_inserter(detector.false_areas.at(which)));
    std::ranges::copy(seen.hits, std::back_inserter(detector.boxes.at(which)));
  }
}

}  // namespace

std::optional<std::int64_t> RecogniserTally::count(char outcome) const {
  if (outcomes.empty()) return std::nullopt;
  const auto found = outcomes.find(outcome);
  return found != outcomes.end() ? found->second : 0;
}

std::vector<std::string> cautions(const RecogniserTally& recogniser) {
  std::vector<std::string> all;
  const auto of = [&](std::int64_t n) {
    return "of " + std::to_string(n) + " of the " + std::to_string(recogniser.faces) + " targets there is no ";
  };
  if (recogniser.reused > 0)
    all.push_back(of(recogniser.reused) + "photo that the attack did not look at, so that one judges");
  if (recogniser.unknown_targets > 0)
    all.push_back(of(recogniser.unknown_targets) + "other photo among the people: they are in no rate");
  return all;
}

void Counts::add(const BeforeAfter<bool>& holds) {
  ++n;
  for (std::size_t i = 0; i < held.size(); ++i) held.at(i) += holds.at(i) ? 1 : 0;
}

double DetectorTally::false_area(std::size_t which) const {
  const std::vector<double>& areas = false_areas.at(which);
  return areas.empty() ? 0 : std::accumulate(areas.begin(), areas.end(), 0.) / static_cast<double>(areas.size());
}

std::vector<Tally> tally(const std::vector<EvaluationLine>& lines) {
  std::vector<Tally> tallies;
  for (const EvaluationLine& line : lines) {
    const auto found = std::ranges::find_if(
        tallies, [&](const Tally& tally) { return tally.variant == line.variant && tally.after == line.seen.after; });
    Tally& tally = found != tallies.end() ? *found : tallies.emplace_back();
    tally.variant = line.variant;
    tally.after = line.seen.after;
    ++tally.pictures;
    if (line.quality.psnr) {
      ++tally.differing;
      tally.psnr += *line.quality.psnr;
    }
    tally.ssim += line.quality.ssim;
    tally.changed += line.quality.changed;
    for (const FaceEvaluation& face : line.seen.faces) {
      for (const Recognition& said : face.models) add(tally, said);
    }
    for (const DetectorEvaluation& said : line.seen.detectors) add(tally, said);
  }
  return tallies;
}

}  // namespace faceoff
