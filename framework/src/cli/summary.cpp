#include "cli/summary.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

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

}  // namespace

std::string item_line(const Assembly& assembly, const std::string& picture, const ItemReport& report, double seconds) {
  const Experiment& experiment = assembly.experiment;
  std::string line = picture + ": ";
  if (report.status == Status::failed) return line + "failed: " + report.error;
  if (report.status == Status::no_face) return line + "no face found, delivered unchanged";
  const auto found = std::ranges::count_if(
      report.faces, [&](const FaceReport& face) { return still_found(face, experiment.minimum_score); });
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

void Summary::add(const Assembly& assembly, const ItemReport& report) {
  const Experiment& experiment = assembly.experiment;
  Variant& variant = entry(variants_, experiment.variant);
  variant.detector = assembly.judging_detector->name;
  variant.attacked_detector = assembly.attacks_detector();
  ++variant.items;
  variant.no_face += report.status == Status::no_face ? 1 : 0;
  variant.failed += report.status == Status::failed ? 1 : 0;
  if (report.status != Status::protected_) return;
  variant.linf = std::max(variant.linf, report.quality.linf);
  if (report.quality.psnr) {
    variant.psnr += *report.quality.psnr;
    ++variant.changed;
  }
  for (const FaceReport& face : report.faces) {
    ++variant.faces;
    variant.found_before += face.score[0] > experiment.minimum_score ? 1 : 0;
    variant.found_after += still_found(face, experiment.minimum_score) ? 1 : 0;
    for (const EmbedderReport& said : face.models) {
      Similarities& sums = entry(variant.models, said.judge->model->name);
      sums.role = said.judge->role;
      sums.rate = experiment.false_accept_rate;
      const Calibration* calibration = said.judge->model->calibration;
      sums.threshold = calibration != nullptr ? calibration->threshold(sums.rate) : nullptr;
      ++sums.faces;
      if (!said.self.after) continue;
      ++sums.found;
      sums.self_after += *said.self.after;
      if (sums.threshold != nullptr && *said.self.after >= *sums.threshold) ++sums.taken_for_self;
      if (!said.target) continue;
      sums.has_target = true;
      sums.target_before += said.target->before;
      sums.target_after += *said.target->after;
      if (sums.threshold != nullptr && *said.target->after >= *sums.threshold) ++sums.taken_for_target;
    }
  }
}

std::string Summary::text(const std::filesystem::path& run) const {
  std::string text;
  for (const auto& [name, variant] : variants_) {
    text += "\n" + (variants_.size() > 1 ? name + ": " : std::string()) + count(variant.items, "picture") + ", " +
            count(variant.faces, "face");
    if (variant.no_face > 0) text += ", " + std::to_string(variant.no_face) + " without a face";
    if (variant.failed > 0) text += ", " + std::to_string(variant.failed) + " failed";
    if (variant.changed > 0) {
      text += "; linf " + std::to_string(variant.linf) + ", " +
              fixed(variant.psnr / static_cast<double>(variant.changed), 1) + " dB on average";
    }
    text += "\n";
    if (variant.no_face > 0 && variant.no_face == variant.items) {
      text +=
          "  nobody was found on any picture: are the detector's weights whole, and is [faces] minimum_score not "
          "too high?\n";
    }
    if (variant.faces == 0) continue;
    text += "  found by " + variant.detector + (variant.attacked_detector ? " (attacked)" : "") + ": " +
            std::to_string(variant.found_before) + " before, " + std::to_string(variant.found_after) + " after\n";
    for (const auto& [model, sums] : variant.models) {
      text += "  " + model + " (" + to_string(sums.role) + "): ";
      if (sums.found == 0) {
        text += "no face found any more\n";
        continue;
      }
      const auto n = static_cast<double>(sums.found);
      const std::string of = " of " + std::to_string(sums.faces);
      if (sums.has_target)
        text += "similarity to the target " + fixed(sums.target_before / n, 3) + " → " +
                fixed(sums.target_after / n, 3) + ", ";
      text += "to oneself 1.000 → " + fixed(sums.self_after / n, 3);
      if (sums.threshold != nullptr) {
        if (sums.has_target) text += "; taken for the target " + std::to_string(sums.taken_for_target) + of;
        text += "; still taken for oneself " + std::to_string(sums.taken_for_self) + of + " (cosine " +
                fixed(*sums.threshold, 3) + ", false accept rate " + fixed(sums.rate, 4) + ")";
      } else {
        text += "; no threshold was measured for this model, view and false accept rate";
      }
      text += "\n";
    }
  }
  return text + "\npictures: " + (run / "images").string() + "\nresults:  " + (run / "results.jsonl").string() + "\n";
}

std::int64_t Summary::failed() const {
  std::int64_t all = 0;
  for (const auto& [name, variant] : variants_) all += variant.failed;
  return all;
}

}  // namespace faceoff
