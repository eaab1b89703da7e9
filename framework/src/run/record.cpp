#include "run/record.hpp"

#include <faceoff/handshake.hpp>

#include <ATen/Parallel.h>
#include <opencv2/core/version.hpp>
#include <sys/utsname.h>
#include <torch/version.h>

#include <cmath>
#include <optional>

#include "base/files.hpp"
#include "base/json.hpp"
#include "plugins/model_pool.hpp"
#include "run/run_folder.hpp"

namespace faceoff {

namespace {

double milliseconds(double seconds) {
  return std::round(seconds * 1e3) / 1e3;
}

Json change(const std::optional<Change>& change) {
  if (!change) return nullptr;
  return Json::array({rounded(change->before), optional_number(change->after)});
}

Json face(const FaceReport& report) {
  Json models = Json::array();
  for (const EmbedderReport& said : report.models) {
    models.push_back({{"name", said.judge->model->name},
                      {"role", to_string(said.judge->role)},
                      {"target", change(said.target)},
                      {"self", change(said.self)}});
  }
  Json detectors = Json::array();
  for (const DetectorReport& said : report.detectors) {
    detectors.push_back({{"name", said.judge->model->name},
                         {"role", to_string(said.judge->role)},
                         {"score", {rounded(said.score[0]), rounded(said.score[1])}},
                         {"iou", rounded(said.iou)}});
  }
  const Box& b = report.box;
  return {{"box", {rounded(b.x0), rounded(b.y0), rounded(b.x1), rounded(b.y1)}},
          {"score", detectors.front().at("score")},
          {"iou", detectors.front().at("iou")},
          {"detectors", detectors},
          {"target", report.target.empty() ? Json(nullptr) : Json(report.target)},
          {"models", models}};
}

Json quality(const Quality& quality) {
  return {{"linf", quality.linf},
          {"l2", rounded(quality.l2)},
          {"psnr", optional_number(quality.psnr)},
          {"ssim", rounded(quality.ssim)},
          {"changed", rounded(quality.changed)}};
}

}  // namespace

std::string result_line(const ItemRecord& record, const Experiment& experiment, const ItemReport& report) {
  const bool delivered = report.status != Status::failed;
  Json faces = Json::array();
  for (const FaceReport& one : report.faces) faces.push_back(face(one));
  Json line = {{"item", record.item},
               {"variant", experiment.variant},
               {"picture", record.picture.string()},
               {"output", delivered ? Json(record.output) : Json(nullptr)},
               {"status", to_string(report.status)},
               {"key", record.key.empty() ? Json(nullptr) : Json(record.key)},
               {"epsilon", experiment.epsilon},
               {"norm", experiment.norm == Norm::inf ? "inf" : "two"}};
  const Json measured = quality(report.quality);
  for (const auto& [key, value] : measured.items()) line[key] = delivered ? value : Json(nullptr);
  line["bytes"] = delivered ? Json(report.bytes) : Json(nullptr);
  line["queries"] = report.queries;
  line["seconds"] = milliseconds(record.seconds);
  line["started"] = record.started;
  line["finished"] = record.finished;
  line["faces"] = faces;
  if (report.lossless) {
    Json lossless = quality(report.lossless->quality);
    lossless["faces"] = Json::array();
    for (const FaceReport& one : report.lossless->faces) lossless["faces"].push_back(face(one));
    line["lossless"] = lossless;
  }
  if (!delivered) line["error"] = report.error;
  return to_text(line);
}

std::string lost_line(const std::string& ready, const std::string& error, std::int64_t queries, double seconds) {
  Json line = Json::parse(ready);
  line["queries"] = queries;
  line["seconds"] = milliseconds(seconds);
  line["finished"] = utc_now();
  line["error"] = error;
  return to_text(line);
}

std::string environment(const std::vector<std::string>& command, const std::vector<const Assembly*>& assemblies,
                        const ModelPool& pool, const std::vector<const PluginInfo*>& plugins, const Plan& plan) {
  utsname system{};
  ::uname(&system);
  Json used = Json::object();
  for (const PluginInfo* info : plugins) {
    const std::filesystem::path& file = pool.plugins().file_of(*info);
    used[to_string(info->kind) + "/" + info->name] = {{"file", file.filename().string()},
                                                      {"sha256", sha256_file(file)}};
  }
  Json models = Json::object();
  for (const auto& [key, model] : pool.all()) {
    // Variants may give one name to several models.
    std::string name = model->name;
    for (int n = 2; models.contains(name); ++n) name = model->name + "#" + std::to_string(n);
    Json& about = models[name];
    about = {{"plugin", model->plugin}, {"weights", model->weights.string()}, {"sha256", model->sha256}};
    if (model->calibration == nullptr) continue;
    about["calibration"] = std::filesystem::path(model->calibration->file).filename().string();
    about["thresholds"] = model->calibration->thresholds;  // pairs of false accept rate and cosine
  }
  Json variants = Json::object();
  for (const Assembly* assembly : assemblies) {
    const Experiment& experiment = assembly->experiment;
    Json judges = Json::array();
    for (const Judge& judge : assembly->judges) {
      const Calibration* calibration = judge.model->calibration;
      const double* threshold = calibration != nullptr ? calibration->threshold(experiment.false_accept_rate) : nullptr;
      judges.push_back({{"name", judge.model->name},
                        {"role", to_string(judge.role)},
                        {"threshold", threshold != nullptr ? Json(*threshold) : Json(nullptr)}});
    }
    Json detectors = Json::array();
    for (const Judge& judge : assembly->judging_detectors)
      detectors.push_back({{"name", judge.model->name}, {"role", to_string(judge.role)}});
    Json choices = Json::object();
    for (const auto& [key, value] : experiment.choices) choices[key] = value;
    variants[experiment.variant] = {{"choices", choices},
                                    {"seed", experiment.seed},
                                    {"false_accept_rate", experiment.false_accept_rate},
                                    {"minimum_score", experiment.minimum_score},
                                    {"detectors", detectors},
                                    {"judges", judges}};
  }
  const Json all = {{"faceoff", FACEOFF_VERSION},
                    {"api", Handshake::current_api},
                    {"libtorch", TORCH_VERSION},
                    {"opencv", CV_VERSION},
                    {"compiler", __VERSION__},
                    {"command", command},
                    {"plan", plan.key},
                    {"items", plan.items},
                    {"shard", plan.shard.whole() ? Json(nullptr) : Json(plan.shard.text())},
                    {"device", pool.setup().device.str()},
                    {"variants", variants},
                    {"host",
                     {{"system", system.sysname},
                      {"release", system.release},
                      {"machine", system.machine},
                      {"threads", at::get_num_threads()}}},
                    {"plugins", used},
                    {"models", models}};
  return to_text(all, 2) + "\n";
}

}  // namespace faceoff
