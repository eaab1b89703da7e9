#include "run/environment.hpp"

#include <faceoff/handshake.hpp>

#include <ATen/Parallel.h>
#include <opencv2/core/version.hpp>
#include <sys/utsname.h>
#include <torch/version.h>

#include <algorithm>
#include <fstream>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/one_line.hpp"
#include "judge/evaluation_line.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <class T>
std::optional<T> read_or_null(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<T>());
}

Json to_json(const Environment::Variant& variant) {
  Json choices = Json::object(), detectors = Json::array(), recognisers = Json::array();
  for (const auto& [key, value] : variant.choices) choices[key] = value;
  for (const Environment::Detector& one : variant.detectors)
    detectors.push_back({{"name", one.name}, {"role", one.role}});
  for (const Environment::Recogniser& one : variant.recognisers)
    recognisers.push_back({{"name", one.name}, {"role", one.role}, {"threshold", or_null(one.threshold)}});
  return {{"choices", choices},
          {"seed", variant.seed},
          {"false_accept_rate", variant.false_accept_rate},
          {"minimum_score", variant.minimum_score},
          {"finder", variant.finder.empty() ? Json(nullptr) : Json(variant.finder)},
          {"detectors", detectors},
          {"judges", recognisers}};
}

Environment::Variant read_variant(const std::string& name, const Json& json) {
  Environment::Variant variant;
  variant.name = name;
  for (const auto& [key, value] : json.at("choices").items()) variant.choices.emplace_back(key, value);
  variant.seed = json.at("seed");
  variant.false_accept_rate = json.at("false_accept_rate");
  variant.minimum_score = json.at("minimum_score");
  variant.finder = read_or_null<std::string>(json.at("finder")).value_or("");
  for (const Json& one : json.at("detectors")) variant.detectors.push_back({one.at("name"), read_role(one.at("role"))});
  for (const Json& one : json.at("judges"))
    variant.recognisers.push_back(
        {one.at("name"), read_role(one.at("role")), read_or_null<double>(one.at("threshold"))});
  return variant;
}

Json to_json(const Environment::Host& host) {
  return {{"system", host.system}, {"release", host.release}, {"machine", host.machine}, {"threads", host.threads}};
}

Environment::Host read_host(const Json& json) {
  return {json.at("system"), json.at("release"), json.at("machine"), json.at("threads")};
}

Json to_json(const Environment::Model& model) {
  Json json = {{"plugin", model.plugin}, {"weights", model.weights}, {"sha256", model.sha256}};
  if (!model.family.empty()) json["family"] = model.family;
  if (model.calibration.empty()) return json;
  json["calibration"] = model.calibration;
  json["thresholds"] = model.thresholds;
  return json;
}

Environment::Model read_model(const std::string& name, const Json& json) {
  Environment::Model model{name, json.at("plugin"), json.at("weights"), json.at("sha256"), {}, {}, {}};
  if (json.contains("family")) model.family = json.at("family");
  if (!json.contains("calibration")) return model;
  model.calibration = json.at("calibration");
  for (const Json& pair : json.at("thresholds")) model.thresholds.emplace_back(pair.at(0), pair.at(1));
  return model;
}

Json to_json(const Environment::Part& part) {
  return {{"shard", part.shard.empty() ? Json(nullptr) : Json(part.shard)},
          {"command", part.command},
          {"host", to_json(part.host)}};
}

Environment::Part read_part(const Json& json) {
  return {read_or_null<std::string>(json.at("shard")).value_or(""), json.at("command"), read_host(json.at("host"))};
}

Environment read(const Json& json) {
  Environment made;
  made.faceoff = json.at("faceoff");
  made.api = json.at("api");
  made.libtorch = json.at("libtorch");
  made.opencv = json.at("opencv");
  made.compiler = json.at("compiler");
  made.command = json.at("command").get<std::vector<std::string>>();
  made.plan = json.at("plan");
  made.items = json.at("items");
  made.shard = read_or_null<std::string>(json.at("shard"));
  if (made.shard) Shard::parse(*made.shard);
  made.device = json.at("device");
  for (const auto& [name, variant] : json.at("variants").items()) made.variants.push_back(read_variant(name, variant));
  made.host = read_host(json.at("host"));
  for (const auto& [name, plugin] : json.at("plugins").items())
    made.plugins.push_back({name, plugin.at("file"), plugin.at("sha256")});
  for (const auto& [name, model] : json.at("models").items()) made.models.push_back(read_model(name, model));
  if (!json.contains("merged")) return made;
  made.merged.emplace();
  for (const Json& part : json.at("merged")) made.merged->push_back(read_part(part));
  return made;
}

std::vector<Environment::Model> models_of(const ModelPool& pool) {
  std::vector<Environment::Model> models;
  for (const auto& [key, model] : pool.all()) {
    // Variants may give one name to several models.
    std::string name = model->name;
    for (int n = 2; std::ranges::find(models, name, &Environment::Model::name) != models.end(); ++n)
      name = model->name + "#" + std::to_string(n);
    Environment::Model& made = models.emplace_back();
    made.name = name;
    made.plugin = model->plugin;
    made.weights = model->weights.string();
    made.sha256 = model->sha256;
    made.family = model->family;
    if (model->calibration == nullptr) continue;
    made.calibration = fs::path(model->calibration->file).filename().string();
    made.thresholds.assign(model->calibration->thresholds.begin(), model->calibration->thresholds.end());
  }
  return models;
}

}  // namespace

const Environment::Variant* Environment::variant(const std::string& name) const {
  const auto found = std::ranges::find(variants, name, &Variant::name);
  return found != variants.end() ? &*found : nullptr;
}

const Environment::Model* Environment::model(const std::string& name) const {
  const auto found = std::ranges::find(models, name, &Model::name);
  return found != models.end() ? &*found : nullptr;
}

Environment environment_here(const std::vector<std::string>& command, const ModelPool& pool,
                             const std::vector<const PluginInfo*>& plugins) {
  utsname system{};
  ::uname(&system);
  Environment made;
  made.faceoff = FACEOFF_VERSION;
  made.api = Handshake::current_api;
  made.libtorch = TORCH_VERSION;
  made.opencv = CV_VERSION;
  made.compiler = __VERSION__;
  made.command = command;
  made.device = pool.setup().device.str();
  made.host = {system.sysname, system.release, system.machine, at::get_num_threads()};
  for (const PluginInfo* info : plugins) {
    const fs::path& file = pool.plugins().file_of(*info);
    made.plugins.push_back({to_string(info->kind) + "/" + info->name, file.filename().string(), sha256_file(file)});
  }
  made.models = models_of(pool);
  return made;
}

Environment::Variant judged_variant(const Experiment& experiment, const Judges& judges) {
  Environment::Variant made;
  made.name = experiment.variant;
  made.choices = experiment.choices;
  made.seed = experiment.seed;
  made.false_accept_rate = experiment.false_accept_rate;
  made.minimum_score = experiment.minimum_score;
  if (judges.finder != nullptr) made.finder = judges.finder->name;
  for (const Judge& judge : judges.detectors) made.detectors.push_back({judge.model->name, to_string(judge.role)});
  for (const Judge& judge : judges.recognisers) {
    const Calibration* calibration = judge.model->calibration;
    const double* threshold = calibration != nullptr ? calibration->threshold(experiment.false_accept_rate) : nullptr;
    made.recognisers.push_back(
        {judge.model->name, to_string(judge.role), threshold != nullptr ? std::optional(*threshold) : std::nullopt});
  }
  return made;
}

std::string to_text(const Environment& environment) {
  Json variants = Json::object(), plugins = Json::object(), models = Json::object();
  for (const Environment::Variant& one : environment.variants) variants[one.name] = to_json(one);
  for (const Environment::PluginFile& one : environment.plugins)
    plugins[one.plugin] = {{"file", one.file}, {"sha256", one.sha256}};
  for (const Environment::Model& one : environment.models) models[one.name] = to_json(one);
  Json json = {{"faceoff", environment.faceoff},
               {"api", environment.api},
               {"libtorch", environment.libtorch},
               {"opencv", environment.opencv},
               {"compiler", environment.compiler},
               {"command", environment.command},
               {"plan", environment.plan},
               {"items", environment.items},
               {"shard", or_null(environment.shard)},
               {"device", environment.device},
               {"variants", variants},
               {"host", to_json(environment.host)},
               {"plugins", plugins},
               {"models", models}};
  if (environment.merged) {
    json["merged"] = Json::array();
    for (const Environment::Part& part : *environment.merged) json["merged"].push_back(to_json(part));
  }
  return to_text(json, 2) + "\n";
}

std::optional<Environment> read_environment(const fs::path& run) {
  const fs::path file = run / "environment.json";
  if (!fs::exists(file)) return std::nullopt;
  if (!fs::is_regular_file(file)) throw FileError(one_line(file.string()) + ": not a plain file");
  try {
    return read(Json::parse(std::ifstream(file)));
  } catch (const std::exception& error) {
    throw FileError(one_line(file.string()) + ": not as a run wrote it: " + one_line(error.what()));
  }
}

}  // namespace faceoff
