// What stands for results.
#include <opencv2/core/version.hpp>
#include <torch/version.h>

#include <set>

#include "base/files.hpp"
#include "faces/targets.hpp"
#include "run/item_list.hpp"

namespace faceoff {

namespace {

/// Whether an item's results depend on a value by itself: pictures and people count by what is in them, and
/// [run] by what is attacked together.
bool matters(const Resolved::Line& line) {
  static const std::set<std::pair<std::string, std::string>> others = {{"", "name"},
                                                                       {"[data]", "pictures"},
                                                                       {"[data]", "people"},
                                                                       {"[evaluate]", "after"},
                                                                       {"[evaluate]", "false_accept_rate"}};
  return line.section != "[run]" && !others.contains({line.section, line.key});
}

/// Whoever is among people, by their photos.
std::string contents_of(const People& people) {
  std::string text;
  for (const Person& person : people.all().people()) text += person.contents();
  return text;
}

/// The thresholds that an item's line is judged by, or its trace.
std::string thresholds_of(const LoadedModel& model) {
  std::string text;
  if (model.calibration == nullptr) return text;
  for (const auto& [rate, threshold] : model.calibration->thresholds)
    text += "threshold " + to_toml(rate) + " " + to_toml(threshold) + "\n";
  return text;
}

}  // namespace

std::string variant_key(const PreparedVariant& variant, ModelPool& pool) {
  const Assembly& assembly = *variant.assembly;
  const Experiment& experiment = assembly.experiment;
  std::string text = "faceoff " FACEOFF_VERSION "\nLibTorch " TORCH_VERSION "\nOpenCV " CV_VERSION "\n" +
                     pool.setup().device.str() + "\n" + experiment.variant + "\n";
  for (const Resolved::Line& line : experiment.resolved.lines) {
    if (matters(line)) text += line.section + " " + line.key + " = " + line.value + "\n";
  }
  for (const std::string& name : experiment.used_models())
    text += pool.get(name, experiment.models.at(name)).identity + "\n";
  for (const LossConfig& loss : experiment.losses) text += pool.identity(loss.plugin) + "\n";
  for (const AugmentationConfig& augmentation : experiment.augmentations)
    text += pool.identity(augmentation.plugin) + "\n";
  text += pool.identity(experiment.optimizer) + "\n";
  // By how much an attack that protects has reached its goal goes by the threshold: what it keeps, and its trace.
  for (const LoadedModel* model : assembly.surrogates) {
    if (experiment.goal != Goal::protect || model->calibration == nullptr) continue;
    if (const double* threshold = model->calibration->threshold(experiment.false_accept_rate))
      text += "threshold " + to_toml(*threshold) + "\n";
  }
  const Judges& judges = variant.judges;
  for (const auto* of_a_kind : {&judges.recognisers, &judges.detectors}) {
    for (const Judge& judge : *of_a_kind)
      text += judge.model->name + " " + to_string(judge.role) + "\n" + thresholds_of(*judge.model);
  }
  if (judges.finder != nullptr) text += "found by " + judges.finder->identity + "\n";
  // A gallery's file holds embeddings that others made of the photos.
  const bool looked_at =
      !variant.people.attacked.gallery->people().empty() || !variant.people.judged.gallery->people().empty();
  if (looked_at && experiment.people.size() == 1 && std::filesystem::is_regular_file(experiment.people.front()))
    text += sha256_file(experiment.people.front()) + "\n";
  text += contents_of(variant.people.attacked) + "\n" + contents_of(variant.people.judged);
  return sha256(text);
}

std::string item_key(const Item& item, const std::vector<std::string>& batch, std::size_t place) {
  constexpr std::size_t enough = 32;
  if (batch[place].empty()) return "";
  // Nobody is to be taken for the person in whose folder the picture is.
  const std::string folder = folder_name(item.picture);
  std::string text = item.variant->key + "\n" + batch[place] + "\n" + folder + "\n" + item.picture.string() + "\n" +
                     item.output.string() + "\n" + std::to_string(place);
  for (const std::string& digest : batch) text += "\n" + digest;
  return sha256(text).substr(0, enough);
}

}  // namespace faceoff
