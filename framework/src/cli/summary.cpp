#include "cli/summary.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "faces/matching.hpp"
#include "run/results.hpp"

namespace faceoff {

namespace {

std::string fixed(double value, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string count(std::int64_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

/// The entry of a name in a list that keeps the order of first use.
template <class Value>
Value& entry(std::vector<std::pair<std::string, Value>>& list, const std::string& name) {
  const auto found = std::ranges::find(list, name, &std::pair<std::string, Value>::first);
  return found != list.end() ? found->second : list.emplace_back(name, Value{}).second;
}

/// What one model said of a variant's faces.
struct Similarities {
  std::string role;
  double target_before = 0, target_after = 0, self_after = 0;
  std::int64_t faces = 0, found = 0;
  std::int64_t taken_for_target = 0, taken_for_self = 0;  ///< at the threshold
  std::optional<double> threshold;
  bool has_target = false;

  void add(const Json& said) {
    ++faces;
    const Json& self = said.at("self");
    if (self.at(1).is_null()) return;
    ++found;
    const auto passes = [&](const Json& change) { return threshold && change.at(1).get<double>() >= *threshold; };
    self_after += self.at(1).get<double>();
    taken_for_self += passes(self) ? 1 : 0;
    const Json& target = said.at("target");
    if (target.is_null()) return;
    has_target = true;
    target_before += target.at(0).get<double>();
    target_after += target.at(1).get<double>();
    taken_for_target += passes(target) ? 1 : 0;
  }

  std::string text(double rate) const {
    if (found == 0) return "no face found any more\n";
    const auto n = static_cast<double>(found);
    const std::string of = " of " + std::to_string(faces);
    std::string text;
    if (has_target)
      text += "similarity to the target " + fixed(target_before / n, 3) + " → " + fixed(target_after / n, 3) + ", ";
    text += "to oneself 1.000 → " + fixed(self_after / n, 3);
    if (!threshold) return text + "; no threshold was measured for this model, view and false accept rate\n";
    if (has_target) text += "; taken for the target " + std::to_string(taken_for_target) + of;
    return text + "; still taken for oneself " + std::to_string(taken_for_self) + of + " (cosine " +
           fixed(*threshold, 3) + ", false accept rate " + fixed(rate, 4) + ")\n";
  }
};

/// How many of a variant's faces one detector found.
struct Sightings {
  std::string role;
  std::int64_t before = 0, after = 0;
};

struct VariantSummary {
  Json judging;  ///< the variant's part of environment.json
  std::int64_t items = 0, no_face = 0, failed = 0, changed = 0;
  std::int64_t faces = 0;
  std::vector<std::pair<std::string, Sightings>> detectors;
  int linf = 0;
  double psnr = 0;
  std::vector<std::pair<std::string, Similarities>> models;

  void add(const Json& item) {
    ++items;
    no_face += item.at("status") == "no_face" ? 1 : 0;
    failed += item.at("status") == "failed" ? 1 : 0;
    if (item.at("status") != "protected") return;
    linf = std::max(linf, item.at("linf").get<int>());
    if (!item.at("psnr").is_null()) {
      psnr += item.at("psnr").get<double>();
      ++changed;
    }
    const double minimum = judging.at("minimum_score");
    for (const Json& face : item.at("faces")) {
      ++faces;
      for (const Json& said : face.at("detectors")) {
        Sightings& found = entry(detectors, said.at("name"));
        found.role = said.at("role");
        found.before += said.at("score").at(0).get<double>() > minimum ? 1 : 0;
        found.after += still_found(said.at("score").at(1), said.at("iou"), minimum) ? 1 : 0;
      }
      for (const Json& said : face.at("models")) {
        Similarities& sums = entry(models, said.at("name"));
        if (sums.faces == 0) {
          const auto judge =
              std::ranges::find(judging.at("judges"), said.at("name"), [](const Json& one) { return one.at("name"); });
          sums.role = said.at("role");
          if (!judge->at("threshold").is_null()) sums.threshold = judge->at("threshold").get<double>();
        }
        sums.add(said);
      }
    }
  }

  std::string text() const {
    std::string text = count(items, "picture") + ", " + count(faces, "face");
    if (no_face > 0) text += ", " + std::to_string(no_face) + " without a face";
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
    if (faces == 0) return text;
    for (const auto& [detector, found] : detectors) {
      text += "  found by " + detector + " (" + found.role + "): " + std::to_string(found.before) + " before, " +
              std::to_string(found.after) + " after\n";
    }
    for (const auto& [model, sums] : models)
      text += "  " + model + " (" + sums.role + "): " + sums.text(judging.at("false_accept_rate"));
    return text;
  }
};

}  // namespace

std::string item_line(const Assembly& assembly, const std::string& picture, const ItemReport& report, double seconds) {
  const Experiment& experiment = assembly.experiment;
  std::string line = picture + ": ";
  if (report.status == Status::failed) return line + "failed: " + report.error;
  if (report.status == Status::no_face) return line + "no face found, delivered unchanged";
  const auto found = std::ranges::count_if(report.faces, [&](const FaceReport& face) {
    return still_found(face.detectors.front(), experiment.minimum_score);
  });
  line += count(static_cast<std::int64_t>(report.faces.size()), "face") + ", " + std::to_string(found) + " still found";
  for (const Judge& judge : assembly.judges) {
    double before = 0, after = 0;
    std::int64_t n = 0;
    for (const FaceReport& face : report.faces) {
      for (const EmbedderReport& said : face.models) {
        if (said.judge != &judge || !said.target || !said.target->after) continue;
        before += said.target->before;
        after += *said.target->after;
        ++n;
      }
    }
    if (n > 0) {
      line += "; " + judge.model->name + " (" + to_string(judge.role) + ") with the target " +
              fixed(before / static_cast<double>(n), 3) + " → " + fixed(after / static_cast<double>(n), 3);
    }
  }
  line += "; linf " + std::to_string(report.quality.linf);
  if (report.quality.psnr) line += ", " + fixed(*report.quality.psnr, 1) + " dB";
  return line + ", " + fixed(seconds, 1) + " s";
}

Summary summarise(const std::filesystem::path& run) {
  return summarise(run, run);
}

Summary summarise(const std::filesystem::path& run, const std::filesystem::path& name) try {
  const Json environment = read_environment(run);
  std::vector<std::pair<std::string, VariantSummary>> variants;
  read_results(run, [&](const Json& item, const std::string&) {
    const std::string of = item.at("variant");
    VariantSummary& variant = entry(variants, of);
    variant.judging = environment.at("variants").at(of);
    variant.add(item);
  });
  Summary summary;
  for (const auto& [variant_name, variant] : variants) {
    summary.text += "\n" + (variants.size() > 1 ? variant_name + ": " : std::string()) + variant.text();
    summary.failed += variant.failed;
  }
  summary.text +=
      "\npictures: " + (name / "images").string() + "\nresults:  " + (name / "results.jsonl").string() + "\n";
  return summary;
} catch (const Json::exception&) {
  throw FileError((run / "environment.json").string() + ": gone, or not as this run wrote it");
}

}  // namespace faceoff
