#include "cli/summary.hpp"

#include <faceoff/error.hpp>

#include <nlohmann/ordered_map.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "base/numbers.hpp"
#include "judge/recognition.hpp"
#include "judge/tally.hpp"
#include "run/environment.hpp"
#include "run/results.hpp"
#include "run/verdict.hpp"

namespace faceoff {

namespace {

std::string count(std::int64_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

/// "3 of 4 (clean 0)"
std::string held(const Counts& counts) {
  return std::to_string(counts.held[1]) + " of " + std::to_string(counts.n) + " (clean " +
         std::to_string(counts.held[0]) + ")";
}

/// A mean of cosines before and after, over the faces that were found both times.
struct MeanChange {
  std::int64_t n = 0;
  BeforeAfter<double> sum = {0, 0};

  void add(const std::optional<BeforeAfter<std::optional<double>>>& cosines) {
    if (!cosines || !cosines->at(0) || !cosines->at(1)) return;
    ++n;
    for (std::size_t i = 0; i < sum.size(); ++i) sum.at(i) += *cosines->at(i);
  }
  std::string text() const {
    const auto mean = [&](std::size_t i) { return fixed(sum.at(i) / static_cast<double>(n), 3); };
    return mean(0) + " → " + mean(1);
  }
};

/// The measures that are told of a recogniser, in words.
constexpr auto share_words =
    std::to_array<std::pair<const char*, const char*>>({{"protected", "protected"},
                                                        {"rank1", "best match the target"},
                                                        {"not_found", "not found"},
                                                        {"impersonated", "taken for the target"},
                                                        {"dodged", "not taken for oneself"},
                                                        {"identified", "identified"}});

/// What one recogniser said of a variant's faces.
struct RecogniserSummary {
  std::string role;
  std::optional<double> threshold;
  MeanChange target, self;
  std::map<std::string, Counts> shares;  ///< by the measure's name

  std::string text(double rate) const {
    std::string text;
    if (self.n == 0) text = "no face found any more";
    if (target.n > 0) text += "similarity to the target " + target.text() + ", ";
    if (self.n > 0) text += "to oneself " + self.text();
    for (const auto& [name, words] : share_words) {
      const auto share = shares.find(name);
      if (share == shares.end() || (share->first == "not_found" && share->second.held[1] == 0)) continue;
      text += "; " + std::string(words) + " " + held(share->second);
    }
    if (!threshold) return text + "; no threshold was measured for this model, view and false accept rate\n";
    return text + " (cosine " + fixed(*threshold, 3) + ", false accept rate " + fixed(rate, 4) + ")\n";
  }
};

struct VariantSummary {
  Environment::Variant judging;
  std::int64_t items = 0, faces = 0, no_face = 0, unchanged = 0, failed = 0, changed = 0;
  int linf = 0;
  double psnr = 0;                                      ///< a sum, over those that were changed
  nlohmann::ordered_map<std::string, Counts> detected;  ///< faces, by each detector
  nlohmann::ordered_map<std::string, RecogniserSummary> recognisers;

  void add(const ItemLine& item) {
    ++items;
    no_face += item.status == Status::no_face ? 1 : 0;
    failed += item.status == Status::failed ? 1 : 0;
    unchanged += item.status == Status::unchanged ? 1 : 0;
    if (!was_attacked(item.status)) return;
    linf = std::max(linf, item.quality.linf);
    if (item.quality.psnr) {
      psnr += *item.quality.psnr;
      ++changed;
    }
    for (const ItemFace& face : item.faces) {
      ++faces;
      for (const Sighting& said : face.detectors)
        detected[said.name + " (" + said.role + ")"].add(found(said, judging.minimum_score));
      for (const Recognition& said : face.said.models) add(face.said.who, said);
    }
  }

  void add(const Identity& who, const Recognition& said) {
    RecogniserSummary& sums = recognisers[said.name];
    sums.role = said.role;
    sums.target.add(said.target);
    sums.self.add(said.self);
    for (const auto& [name, holds] : shares_by_match(said)) sums.shares[name].add(holds);
    const auto judge = std::ranges::find(judging.recognisers, said.name, &Environment::Recogniser::name);
    if (judge == judging.recognisers.end() || !judge->threshold) return;
    sums.threshold = judge->threshold;
    for (const auto& [name, holds] : shares_by_cosine(who, said, *judge->threshold)) sums.shares[name].add(holds);
  }

  std::string text() const {
    std::string text = count(items, "picture") + ", " + count(faces, "face");
    if (no_face > 0) text += ", " + std::to_string(no_face) + " without a face";
    if (unchanged > 0) text += ", " + std::to_string(unchanged) + " as it was: the attack changed nothing";
    if (failed > 0) text += ", " + std::to_string(failed) + " failed";
    if (changed > 0) {
      text +=
          "; linf " + std::to_string(linf) + ", " + fixed(psnr / static_cast<double>(changed), 1) + " dB on average";
    }
    text += "\n";
    if (no_face > 0 && no_face == items) {
      text +=
          "  nobody was found on any picture: are the detector's weights whole, and is [faces] minimum_score not too "
          "high?\n";
    }
    for (const auto& [detector, counts] : detected) {
      text += "  found by " + detector + ": " + std::to_string(counts.held[0]) + " before, " +
              std::to_string(counts.held[1]) + " after\n";
    }
    for (const auto& [recogniser, sums] : recognisers)
      text += "  " + recogniser + " (" + sums.role + "): " + sums.text(judging.false_accept_rate);
    return text + success();
  }

  /// Whether the goal is reached by those who were not attacked.
  std::string success() const {
    const char* measure = judging.goal == Goal::protect ? "protected" : "rank1";
    std::string said;
    for (const auto& [recogniser, sums] : recognisers) {
      const auto share = sums.shares.find(measure);
      if (sums.role != to_string(Role::held_out) || share == sums.shares.end()) continue;
      said += (said.empty() ? "" : ", ") + recogniser + " " + held(share->second);
    }
    if (recognisers.empty()) return "";
    if (said.empty()) said = "nobody can tell: name a recogniser that is not attacked in [evaluate] models, and people";
    return "  success (" + to_string(judging.goal) + ") with those who were not attacked: " + said + "\n";
  }
};

}  // namespace

std::string item_words(const PreparedVariant& variant, const std::string& picture, const ItemReport& report) {
  std::string line = picture + ": ";
  if (report.status == Status::failed) return line + "failed: " + report.error;
  if (report.status == Status::no_face) return line + "no face found, delivered unchanged";
  const double minimum = variant.assembly->experiment.minimum_score;
  Counts faces;  // that the first detector finds, which need not be the one that found them for the attack
  nlohmann::ordered_map<std::string, MeanChange> targets;
  for (const ItemFace& face : report.faces) {
    faces.add(found(face.detectors.front(), minimum));
    for (const Recognition& said : face.said.models) targets[said.name + " (" + said.role + ")"].add(said.target);
  }
  line += count(faces.n, "face") + ", " + std::to_string(faces.held[1]) + " of " + std::to_string(faces.held[0]) +
          " still found";
  for (const auto& [recogniser, change] : targets) {
    if (change.n > 0) line += "; " + recogniser + " with the target " + change.text();
  }
  if (report.status == Status::unchanged) line += "; the attack changed nothing";
  line += "; linf " + std::to_string(report.quality.linf);
  if (report.quality.psnr) line += ", " + fixed(*report.quality.psnr, 1) + " dB";
  return line + ", " + fixed(report.seconds, 1) + " s";
}

Summary summarise(const std::filesystem::path& run, const std::filesystem::path& name) {
  const std::optional<Environment> environment = read_environment(run);
  nlohmann::ordered_map<std::string, VariantSummary> variants;
  read_results(run, [&](const ItemLine& item, const std::string&) {
    const Environment::Variant* judging = environment ? environment->variant(item.variant) : nullptr;
    if (judging == nullptr)
      throw FileError((run / "environment.json").string() + ": gone, or not as this run wrote it");
    VariantSummary& variant = variants[item.variant];
    variant.judging = *judging;
    variant.add(item);
  });
  Summary summary;
  if (environment && !environment->left_out.empty()) {
    summary.text = "\n" + count(static_cast<std::int64_t>(environment->left_out.size()), "file") +
                   " left out, and not protected:\n";
    for (const std::string& line : words_of(environment->left_out)) summary.text += "  " + line + "\n";
  }
  for (const auto& [variant_name, variant] : variants) {
    summary.text += "\n" + (variants.size() > 1 ? variant_name + ": " : std::string()) + variant.text();
    summary.failed += variant.failed + variant.unchanged;
  }
  summary.text +=
      "\npictures: " + (name / "images").string() + "\nresults:  " + (name / "results.jsonl").string() + "\n";
  return summary;
}

}  // namespace faceoff
