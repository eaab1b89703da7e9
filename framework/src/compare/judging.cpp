#include "compare/judging.hpp"

#include <faceoff/error.hpp>

#include <cmath>
#include <fstream>

#include "base/json.hpp"
#include "base/numbers.hpp"
#include "base/one_line.hpp"
#include "run/results.hpp"

namespace faceoff {

namespace {

Judging::Variant variant_of(const Json& json) {
  Judging::Variant variant{json.at("minimum_score"), json.at("false_accept_rate"), {}, {}};
  for (const Json& judge : json.at("judges")) {
    if (!judge.at("threshold").is_null()) variant.thresholds[judge.at("name")] = judge.at("threshold");
  }
  if (!json.contains("choices")) return variant;
  for (const auto& [key, label] : json.at("choices").items())
    variant.choices.emplace_back(one_line(key), one_line(label.is_string() ? label.get<std::string>() : label.dump()));
  return variant;
}

}  // namespace

Judging::Judging(const std::filesystem::path& run) try {
  const Json json = read_environment(run);
  if (json.is_null())
    throw FileError(one_line((run / "environment.json").string()) + ": it is missing, and says who judged the run");
  for (const auto& [name, variant] : json.at("variants").items()) variants_[name] = variant_of(variant);
  for (const auto& [name, model] : json.at("models").items()) {
    Model& known = models_[name];
    known.sha256 = model.at("sha256");
    // Two models of one name are NAME and NAME#2.
    const std::string first = name.substr(0, name.rfind('#'));
    if (first != name && json.at("models").contains(first)) several_.insert(first);
    if (!model.contains("thresholds")) continue;
    for (const Json& pair : model.at("thresholds")) known.thresholds.push_back({pair.at(0), pair.at(1)});
  }
} catch (const Json::exception&) {
  throw FileError(one_line((run / "environment.json").string()) + ": not as a run wrote it");
}

const Judging::Variant* Judging::variant(const std::string& name) const {
  const auto found = variants_.find(name);
  return found != variants_.end() ? &found->second : nullptr;
}

std::string Judging::weights(const std::string& model) const {
  const auto found = models_.find(model);
  return found != models_.end() ? found->second.sha256 : "";
}

std::optional<Threshold> Judging::threshold(const Variant& variant, const std::string& model,
                                            const std::optional<double>& rate) const {
  if (!rate) {
    const auto own = variant.thresholds.find(model);
    return own != variant.thresholds.end() ? std::optional(Threshold{variant.false_accept_rate, own->second})
                                           : std::nullopt;
  }
  const auto found = models_.find(model);
  if (found == models_.end() || found->second.thresholds.empty()) return std::nullopt;
  std::string measured;
  for (const Threshold& threshold : found->second.thresholds) {
    if (std::abs(threshold.false_accept_rate - *rate) < 1e-9) return threshold;
    measured += (measured.empty() ? "" : ", ") + shortest(threshold.false_accept_rate);
  }
  throw ConfigError("--false-accept-rate " + shortest(*rate) + ": of " + one_line(model) + " only the thresholds at " +
                    measured + " were measured");
}

}  // namespace faceoff
