#include "report/provenance.hpp"

namespace faceoff {

namespace {

Json model_json(const LoadedModel& model) {
  Json about = {{"name", model.name},
                {"plugin", model.plugin},
                {"weights", model.weights.filename().string()},
                {"sha256", model.sha256}};
  if (model.calibration == nullptr) return about;
  about["calibration"] = std::filesystem::path(model.calibration->file).filename().string();
  about["thresholds"] = model.calibration->thresholds;  // pairs of false accept rate and cosine
  return about;
}

}  // namespace

Json provenance(const std::vector<std::string>& command, const Panel& panel, const std::vector<std::string>& people,
                const Gallery& gallery) {
  std::size_t photos = 0;
  for (const Person& person : gallery.people()) photos += person.photos.size();
  Json recognisers = Json::array(), detectors = Json::array(), after = Json::array();
  for (const LoadedModel* model : panel.by.models) recognisers.push_back(model_json(*model));
  for (const LoadedModel* model : panel.detectors) detectors.push_back(model_json(*model));
  for (const Degradation& one : panel.after) after.push_back(one.name);
  return {{"faceoff", FACEOFF_VERSION},
          {"command", command},
          {"found_by", model_json(*panel.by.detector)},
          {"aligned_by", panel.by.landmarks != nullptr ? model_json(*panel.by.landmarks) : Json(nullptr)},
          {"minimum_score", panel.by.minimum_score},
          {"after", after},
          {"people", {{"from", people}, {"count", gallery.people().size()}, {"photos", photos}}},
          {"recognisers", recognisers},
          {"detectors", detectors}};
}

std::string judged_by(const Panel& panel, const Gallery& gallery) {
  std::string score = Json(panel.by.minimum_score).dump();
  std::string text = "Faces found by " + panel.by.detector->name + " (score at least " + score + ")";
  if (panel.by.landmarks != nullptr) text += ", aligned by " + panel.by.landmarks->name;
  const std::size_t people = gallery.people().size();
  if (people == 0) return text + ".";
  return text + ". Recognisers choose between " + std::to_string(people) + (people == 1 ? " person" : " people") + ".";
}

}  // namespace faceoff
