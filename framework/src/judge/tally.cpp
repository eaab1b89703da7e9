#include "judge/tally.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "faces/matching.hpp"
#include "judge/detection.hpp"

namespace faceoff {

namespace {

constexpr const char* letters = "HLMUN";

/// The entry of a name in a list that keeps the order of first use.
template <class T>
T& named(std::vector<T>& list, const Json& said) {
  const std::string name = said.at("name");
  const auto found = std::ranges::find(list, name, &T::name);
  T& entry = found != list.end() ? *found : list.emplace_back();
  entry.name = name;
  entry.role = said.at("role");
  return entry;
}

void add_rates(std::map<std::string, Counts>& counts, const Json& rates) {
  if (rates.is_null()) return;
  for (const auto& [rate, held] : rates.items()) counts[rate].add(held);
}

void add_face(Tally& tally, const Json& face) {
  for (const Json& said : face.at("models")) {
    auto& recogniser = named(tally.recognisers, said);
    ++recogniser.faces;
    if (!said.at("outcome").is_null()) ++recogniser.outcomes[said.at("outcome").get<std::string>().at(0)];
    recogniser.calibrated = recogniser.calibrated || said.at("dodged").is_object();
    if (said.at("target_disjoint") == false) ++recogniser.reused;
    if (said.at("impersonated").is_object() && said.at("impersonated").empty()) ++recogniser.unknown_targets;
    add_rates(recogniser.impersonated, said.at("impersonated"));
    add_rates(recogniser.dodged, said.at("dodged"));
  }
}

void add_detector(Tally& tally, const Json& said) {
  auto& detector = named(tally.detectors, said);
  ++detector.pictures;
  const double minimum = said.at("minimum_score");
  const Json& seen = said.at("seen");
  const auto found = [&](std::size_t which, std::size_t face) {
    const Json& sighting = seen.at(which).at("faces").at(face);
    return still_found(sighting.at("score"), sighting.at("iou"), minimum);
  };
  for (std::size_t face = 0; face < seen.at(0).at("faces").size(); ++face)
    detector.found.add({found(0, face), found(1, face)});
  for (std::size_t which = 0; which < 2; ++which) {
    for (const Json& area : seen.at(which).at("false_areas")) detector.false_areas.at(which).push_back(area);
    for (const Json& box : seen.at(which).at("boxes")) detector.boxes.at(which).push_back({box.at(0), box.at(1)});
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

Json rates_json(const std::map<std::string, Counts>& rates) {
  Json json = Json::object();
  for (const auto& [rate, counts] : rates) json[rate] = counts_json(counts);
  return json;
}

Json precision(const DetectorTally& detector, std::size_t which) {
  if (detector.found.n == 0) return nullptr;
  return rounded(average_precision(detector.boxes.at(which), detector.found.n));
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

std::string rate_words(const std::map<std::string, Counts>& rates, const char* what) {
  std::string text;
  for (const auto& [rate, counts] : rates) {
    text +=
        "    " + std::string(what) + " at " + rate + ": " + percent(counts, 1) + ", clean " + percent(counts, 0) + "\n";
  }
  return text;
}

std::string words(const RecogniserTally& recogniser) {
  std::string text =
      "  " + recogniser.name + " (" + recogniser.role + "), " + std::to_string(recogniser.faces) + " faces";
  if (!recogniser.outcomes.empty()) {
    text += ":";
    for (const char* letter = letters; *letter != '\0'; ++letter) {
      const auto found = recogniser.outcomes.find(*letter);
      text +=
          format(" %c %lld", *letter, static_cast<long long>(found != recogniser.outcomes.end() ? found->second : 0));
    }
  }
  text += "\n" + rate_words(recogniser.impersonated, "impersonated") + rate_words(recogniser.dodged, "dodged");
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

void Counts::add(const Json& clean_and_delivered) {
  ++n;
  for (std::size_t i = 0; i < held.size(); ++i) held.at(i) += clean_and_delivered.at(i).get<bool>() ? 1 : 0;
}

double DetectorTally::false_area(std::size_t which) const {
  const std::vector<double>& areas = false_areas.at(which);
  return areas.empty() ? 0 : std::accumulate(areas.begin(), areas.end(), 0.) / static_cast<double>(areas.size());
}

std::vector<Tally> tally(const std::vector<Json>& lines) {
  std::vector<Tally> tallies;
  for (const Json& line : lines) {
    const std::string variant = line.at("variant"), after = line.at("after");
    const auto found = std::ranges::find_if(
        tallies, [&](const Tally& tally) { return tally.variant == variant && tally.after == after; });
    Tally& tally = found != tallies.end() ? *found : tallies.emplace_back();
    tally.variant = variant;
    tally.after = after;
    ++tally.pictures;
    if (!line.at("psnr").is_null()) {
      ++tally.differing;
      tally.psnr += line.at("psnr").get<double>();
    }
    tally.ssim += line.at("ssim").get<double>();
    tally.changed += line.at("changed").get<double>();
    for (const Json& face : line.at("faces")) add_face(tally, face);
    for (const Json& said : line.at("detectors")) add_detector(tally, said);
  }
  return tallies;
}

Json to_json(const std::vector<Tally>& tallies) {
  Json all = Json::array();
  for (const Tally& tally : tallies) {
    Json recognisers = Json::array(), detectors = Json::array();
    for (const RecogniserTally& one : tally.recognisers) {
      Json outcomes = Json::object();
      for (const auto& [letter, count] : one.outcomes) outcomes[std::string(1, letter)] = count;
      recognisers.push_back({{"name", one.name},
                             {"role", one.role},
                             {"faces", one.faces},
                             {"targets_reused", one.reused},
                             {"targets_unknown", one.unknown_targets},
                             {"outcomes", outcomes},
                             {"impersonated", rates_json(one.impersonated)},
                             {"dodged", rates_json(one.dodged)}});
    }
    for (const DetectorTally& one : tally.detectors) {
      detectors.push_back({{"name", one.name},
                           {"role", one.role},
                           {"pictures", one.pictures},
                           {"found", counts_json(one.found)},
                           {"average_precision", {precision(one, 0), precision(one, 1)}},
                           {"false_boxes", {one.false_areas[0].size(), one.false_areas[1].size()}},
                           {"false_area", {rounded(one.false_area(0)), rounded(one.false_area(1))}}});
    }
    const auto pictures = static_cast<double>(tally.pictures);
    all.push_back({{"variant", tally.variant},
                   {"after", tally.after},
                   {"pictures", tally.pictures},
                   {"psnr", tally.differing > 0 ? Json(rounded(tally.mean_psnr())) : Json(nullptr)},
                   {"ssim", rounded(tally.ssim / pictures)},
                   {"changed", rounded(tally.changed / pictures)},
                   {"recognisers", recognisers},
                   {"detectors", detectors}});
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
