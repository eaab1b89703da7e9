// What was added up, for programs and in words.
#include <array>
#include <cstdio>

#include "judge/tally.hpp"

namespace faceoff {

namespace {

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
