#include "judge/tally.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
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

Json share_json(const Counts& counts, std::size_t which) {
  const Estimate share = counts.share(which);
  return {{"share", rounded(share.value)}, {"interval", {rounded(share.low), rounded(share.high)}}};
}

Json counts_json(const Counts& counts) {
  if (counts.n == 0) return nullptr;
  return {{"n", counts.n}, {"clean", share_json(counts, 0)}, {"delivered", share_json(counts, 1)}};
}

Json rates_json(const RateCounts& rates) {
  Json json = Json::object();
  for (const auto& [rate, counts] : rates) json[rate] = counts_json(counts);
  return json;
}

Json to_json(const RecogniserTally& one) {
  Json outcomes = Json::object();
  for (const auto& [letter, count] : one.outcomes) outcomes[std::string(1, letter)] = count;
  return {{"name", one.name},
          {"role", one.role},
          {"faces", one.faces},
          {"targets_reused", one.reused},
          {"targets_unknown", one.unknown_targets},
          {"outcomes", outcomes},
          {"protected", counts_json(one.not_the_person)},
          {"not_found", counts_json(one.not_found)},
          {"rank1", counts_json(one.is_the_target)},
          {"impersonated", rates_json(one.impersonated)},
          {"dodged", rates_json(one.dodged)},
          {"identified", rates_json(one.identified)}};
}

Json precision(const DetectorTally& detector, std::size_t which) {
  if (detector.found.n == 0) return nullptr;
  return rounded(average_precision(detector.boxes.at(which), detector.found.n));
}

Json to_json(const DetectorTally& one) {
  return {{"name", one.name},
          {"role", one.role},
          {"pictures", one.pictures},
          {"found", counts_json(one.found)},
          {"average_precision", {precision(one, 0), precision(one, 1)}},
          {"false_boxes", {one.false_areas[0].size(), one.false_areas[1].size()}},
          {"false_area", {rounded(one.false_area(0)), rounded(one.false_area(1))}}};
}

template <class T>
Json list(const std::vector<T>& all) {
  Json json = Json::array();
  for (const T& one : all) json.push_back(to_json(one));
  return json;
}

std::string format(const char* how, auto... values) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), how, values...);
  return text.data();
}

/// "12.5 % [5.5, 26.1]"
std::string percent(const Counts& counts, std::size_t which) {
  const Estimate share = counts.share(which);
  return format("%.1f %% [%.1f, %.1f]", 100 * share.value, 100 * share.low, 100 * share.high);
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
      text += format(" %c %lld", letter, static_cast<long long>(recogniser.count(letter).value_or(0)));
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
  std::string text = "  " + detector.name + " (" + detector.role + "): ";
  text += format("found %lld of %lld faces, %lld of the clean ones; average precision %.3f, clean %.3f; ",
                 static_cast<long long>(detector.found.held[1]), static_cast<long long>(detector.found.n),
                 static_cast<long long>(detector.found.held[0]), average_precision(detector.boxes[1], detector.found.n),
                 average_precision(detector.boxes[0], detector.found.n));
  return text + format("%zu false boxes of %.1f %% of the picture on average, clean %zu\n",
                       detector.false_areas[1].size(), 100 * detector.false_area(1), detector.false_areas[0].size());
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

Json to_json(const std::vector<Tally>& tallies) {
  Json all = Json::array();
  for (const Tally& tally : tallies) {
    const auto pictures = static_cast<double>(tally.pictures);
    all.push_back({{"variant", tally.variant},
                   {"after", tally.after},
                   {"pictures", tally.pictures},
                   {"psnr", tally.differing > 0 ? Json(rounded(tally.mean_psnr())) : Json(nullptr)},
                   {"ssim", rounded(tally.ssim / pictures)},
                   {"changed", rounded(tally.changed / pictures)},
                   {"recognisers", list(tally.recognisers)},
                   {"detectors", list(tally.detectors)}});
  }
  return all;
}

std::string to_words(const std::vector<Tally>& tallies) {
  std::string text;
  for (const Tally& tally : tallies) {
    text += (text.empty() ? "" : "\n") + tally.variant + ", after " + tally.after + ": " +
            std::to_string(tally.pictures) + (tally.pictures == 1 ? " picture" : " pictures");
    if (tally.differing > 0) text += format(", %.1f dB on average", tally.mean_psnr());
    text += "\n";
    for (const DetectorTally& one : tally.detectors) text += words(one);
    for (const RecogniserTally& one : tally.recognisers) text += words(one);
  }
  return text;
}

}  // namespace faceoff
