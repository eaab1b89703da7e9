#include "judge/tally.hpp"

#include <algorithm>
#include <numeric>

#include "base/numbers.hpp"
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

Json share_json(const Counts& counts, std::size_t which) {
  const Estimate share = counts.share(which);
  return {{"share", rounded(share.value)}, {"interval", {rounded(share.low), rounded(share.high)}}};
}

Json precision(const DetectorTally& detector, std::size_t which) {
  if (detector.found.n == 0) return nullptr;
  return rounded(average_precision(detector.boxes.at(which), detector.found.n));
}

/// "12.5 % [5.5, 26.1]"
std::string percent(const Counts& counts, std::size_t which) {
  const Estimate share = counts.share(which);
  return fixed(100 * share.value, 1) + " % [" + fixed(100 * share.low, 1) + ", " + fixed(100 * share.high, 1) + "]";
}

/// A line that says how often something held, beside the clean picture.
std::string line(const std::string& what, const Counts& counts) {
  if (counts.n == 0) return "";
  return "    " + what + ": " + percent(counts, 1) + ", clean " + percent(counts, 0) + "\n";
}

std::string lines(const std::string& what, const RateCounts& rates) {
  std::string text;
  for (const auto& [rate, counts] : rates) text += line(what + " at " + rate, counts);
  return text;
}

std::string words(const RecogniserTally& recogniser) {
  std::string text =
      "  " + recogniser.name + " (" + recogniser.role + "), " + std::to_string(recogniser.faces) + " faces";
  if (!recogniser.outcomes.empty()) {
    text += ":";
    for (const char letter : std::string(outcome_letters))
      text += std::string(" ") + letter + " " + std::to_string(recogniser.count(letter).value_or(0));
  }
  text += "\n" + line("protected", recogniser.not_the_person) + line("not found", recogniser.not_found) +
          line("rank-1 impersonated", recogniser.is_the_target) + lines("impersonated", recogniser.impersonated) +
          lines("dodged", recogniser.dodged) + lines("identified", recogniser.identified);
  for (const std::string& caution : cautions(recogniser)) text += "    " + caution + "\n";
  if (!recogniser.calibrated) text += "    no threshold was measured for its weights and view\n";
  return text;
}

std::string words(const DetectorTally& detector) {
  if (detector.found.n == 0) return "";
  const auto precision = [&](std::size_t i) {
    return fixed(average_precision(detector.boxes.at(i), detector.found.n), 3);
  };
  const auto false_boxes = [&](std::size_t i) { return std::to_string(detector.false_areas.at(i).size()); };
  return "  " + detector.name + " (" + detector.role + "): found " + std::to_string(detector.found.held[1]) + " of " +
         std::to_string(detector.found.n) + " faces, " + std::to_string(detector.found.held[0]) +
         " of the clean ones; average precision " + precision(1) + ", clean " + precision(0) + "; " + false_boxes(1) +
         " false boxes of " + fixed(100 * detector.false_area(1), 1) + " % of the picture on average, clean " +
         false_boxes(0) + "\n";
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

void to_json(Json& json, const Counts& counts) {
  json = nullptr;
  if (counts.n > 0) json = {{"n", counts.n}, {"clean", share_json(counts, 0)}, {"delivered", share_json(counts, 1)}};
}

void to_json(Json& json, const RecogniserTally& one) {
  Json outcomes = Json::object();
  for (const auto& [letter, count] : one.outcomes) outcomes[std::string(1, letter)] = count;
  json = {{"name", one.name},
          {"role", one.role},
          {"faces", one.faces},
          {"targets_reused", one.reused},
          {"targets_unknown", one.unknown_targets},
          {"outcomes", outcomes},
          {"protected", one.not_the_person},
          {"not_found", one.not_found},
          {"rank1", one.is_the_target},
          {"impersonated", one.impersonated},
          {"dodged", one.dodged},
          {"identified", one.identified}};
}

void to_json(Json& json, const DetectorTally& one) {
  json = {{"name", one.name},
          {"role", one.role},
          {"pictures", one.pictures},
          {"found", one.found},
          {"average_precision", {precision(one, 0), precision(one, 1)}},
          {"false_boxes", {one.false_areas[0].size(), one.false_areas[1].size()}},
          {"false_area", {rounded(one.false_area(0)), rounded(one.false_area(1))}}};
}

void to_json(Json& json, const Tally& tally) {
  const auto pictures = static_cast<double>(tally.pictures);
  json = {{"variant", tally.variant},
          {"after", tally.after},
          {"pictures", tally.pictures},
          {"psnr", tally.differing > 0 ? Json(rounded(tally.mean_psnr())) : Json(nullptr)},
          {"ssim", rounded(tally.ssim / pictures)},
          {"changed", rounded(tally.changed / pictures)},
          {"recognisers", tally.recognisers},
          {"detectors", tally.detectors}};
}

std::string to_words(const std::vector<Tally>& tallies) {
  std::string text;
  for (const Tally& tally : tallies) {
    text += (text.empty() ? "" : "\n") + tally.variant + ", after " + tally.after + ": " +
            std::to_string(tally.pictures) + (tally.pictures == 1 ? " picture" : " pictures");
    if (tally.differing > 0) text += ", " + fixed(tally.mean_psnr(), 1) + " dB on average";
    text += "\n";
    for (const DetectorTally& one : tally.detectors) text += words(one);
    for (const RecogniserTally& one : tally.recognisers) text += words(one);
  }
  return text;
}

}  // namespace faceoff
