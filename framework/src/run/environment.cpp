#include "run/environment.hpp"

#include <faceoff/error.hpp>
#include <faceoff/handshake.hpp>

#include <ATen/Parallel.h>
#include <opencv2/core/version.hpp>
#include <sys/utsname.h>
#include <torch/version.h>

#include <algorithm>
#include <fstream>

#include "base/files.hpp"
#include "base/one_line.hpp"
#include "judge/evaluation_line.hpp"
#include "run/ranks.hpp"
#include "run/sources_digest.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

std::vector<Environment::Model> models_of(const ModelPool& pool) {
  std::vector<Environment::Model> models;
  for (const auto& [key, model] : pool.all()) {
    // Variants may give one name to several models.
    std::string name = model->name;
    for (int n = 2; std::ranges::find(models, name, &Environment::Model::name) != models.end(); ++n)
      name = model->name + "#" + std::to_string(n);
    Environment::Model& made = models.emplace_back(
        Environment::Model{name, model->plugin, model->weights.string(), model->sha256, model->family, "", {}, ""});
    if (model->precision == layers::Precision::bfloat16) made.precision = "bfloat16";
    if (model->calibration == nullptr) continue;
    made.calibration = fs::path(model->calibration->file).filename().string();
    made.thresholds.assign(model->calibration->thresholds.begin(), model->calibration->thresholds.end());
  }
  return models;
}

/// Null where there is none of that name.
template <class T>
const T* find(const std::vector<T>& list, const std::string& name) {
  const auto found = std::ranges::find(list, name, &T::name);
  return found != list.end() ? &*found : nullptr;
}

}  // namespace

template <class Io>
void fields(Io& io, Either<Io, Environment::Detector>& detector) {
  io("name", detector.name);
  io("role", detector.role);
  require_role(detector.role);
}

void to_json(Json& json, Goal goal) {
  json = to_string(goal);
}

void from_json(const Json& json, Goal& goal) {
  const auto word = json.get<std::string>();
  goal = word == to_string(Goal::protect) ? Goal::protect : Goal::impersonate;
  if (word != to_string(goal)) throw Error("no goal is '" + word + "'");
}

template <class Io>
void fields(Io& io, Either<Io, Environment::Recogniser>& recogniser) {
  io("name", recogniser.name);
  io("role", recogniser.role);
  require_role(recogniser.role);
  io.exact("threshold", recogniser.threshold);
}

template <class Io>
void fields(Io& io, Either<Io, Environment::Variant>& variant) {
  io.entries("choices", variant.choices);
  io("seed", variant.seed);
  io("goal", variant.goal);
  io.exact("false_accept_rate", variant.false_accept_rate);
  io.exact("minimum_score", variant.minimum_score);
  io.or_null("finder", variant.finder);
  io("detectors", variant.detectors);
  io("judges", variant.recognisers);
}

template <class Io>
void fields(Io& io, Either<Io, Environment::Host>& host) {
  io("system", host.system);
  io("release", host.release);
  io("machine", host.machine);
  io("threads", host.threads);
}

template <class Io>
void fields(Io& io, Either<Io, Environment::PluginFile>& plugin) {
  io("file", plugin.file);
  io("sha256", plugin.sha256);
}

template <class Io>
void fields(Io& io, Either<Io, Environment::Model>& model) {
  io("plugin", model.plugin);
  io("weights", model.weights);
  io("sha256", model.sha256);
  io.where(!model.family.empty(), "family", model.family);
  io.where(!model.calibration.empty(), "calibration", model.calibration);
  if (!model.calibration.empty()) io.exact("thresholds", model.thresholds);
  io.where(!model.precision.empty(), "precision", model.precision);
}

template <class Io>
void fields(Io& io, Either<Io, Environment::Part>& part) {
  io.or_null("shard", part.shard);
  io("command", part.command);
  io("host", part.host);
}

template <class Io>
void fields(Io& io, Either<Io, LeftOut>& one) {
  io("file", one.file);
  io("why", one.why);
}

template <class Io>
void fields(Io& io, Either<Io, Environment>& about) {
  io("faceoff", about.faceoff);
  io.where(!about.sources.empty(), "sources", about.sources);
  io("api", about.api);
  io("libtorch", about.libtorch);
  io("opencv", about.opencv);
  io("compiler", about.compiler);
  io("command", about.command);
  io("plan", about.plan);
  io("items", about.items);
  if constexpr (!Io::writes) about.items_here = about.items;
  io.where(true, "items_here", about.items_here);
  io("shard", about.shard);
  io("device", about.device);
  io.where(!about.left_out.empty(), "left_out", about.left_out);
  io.named("variants", about.variants, &Environment::Variant::name);
  io("host", about.host);
  io.named("plugins", about.plugins, &Environment::PluginFile::plugin);
  io.named("models", about.models, &Environment::Model::name);
  io.where(about.merged.has_value(), "merged", about.merged);
}

const Environment::Variant* Environment::variant(const std::string& name) const {
  return find(variants, name);
}

const Environment::Model* Environment::model(const std::string& name) const {
  return find(models, name);
}

Environment environment_here(const std::vector<std::string>& command, const ModelPool& pool,
                             const std::vector<const PluginInfo*>& plugins) {
  utsname system{};
  ::uname(&system);
  Environment made;
  made.faceoff = FACEOFF_VERSION;
  made.sources = sources_digest();
  made.api = Handshake::current_api;
  made.libtorch = TORCH_VERSION;
  made.opencv = CV_VERSION;
  made.compiler = __VERSION__;
  made.command = command;
  made.device = pool.setup().device.str();
  made.host = {system.sysname, system.release, system.machine, at::get_num_threads()};
  for (const PluginInfo* info : plugins) {
    const fs::path& file = pool.plugins().file_of(*info);
    made.plugins.push_back(
        {to_string(info->kind) + "/" + info->name, file.filename().string(), pool.plugins().sha256_of(*info)});
  }
  made.models = models_of(pool);
  return made;
}

Environment::Variant judged_variant(const Experiment& experiment, const Judges& judges) {
  Environment::Variant made;
  made.name = experiment.variant;
  made.choices = experiment.choices;
  made.seed = experiment.seed;
  made.goal = experiment.goal;
  made.false_accept_rate = experiment.false_accept_rate;
  made.minimum_score = experiment.minimum_score;
  if (judges.finder != nullptr) made.finder = judges.finder->name;
  for (const Judge& judge : judges.detectors) made.detectors.push_back({judge.model->name, to_string(judge.role)});
  for (const Judge& judge : judges.recognisers) {
    made.recognisers.push_back(
        {judge.model->name, to_string(judge.role), judge.model->threshold(experiment.false_accept_rate)});
  }
  return made;
}

std::string to_text(const Environment& environment) {
  return to_text(Json(environment), 2) + "\n";
}

std::optional<Environment> read_environment(const fs::path& run) {
  const fs::path file = run / "environment.json";
  if (!fs::exists(file)) return std::nullopt;
  if (!fs::is_regular_file(file)) throw FileError(one_line(file.string()) + ": not a plain file");
  try {
    auto about = Json::parse(std::ifstream(file)).get<Environment>();
    if (about.shard) Shard::parse(*about.shard);
    return about;
  } catch (const std::exception& error) {
    throw FileError(one_line(file.string()) + ": not as a run wrote it: " + one_line(error.what()));
  }
}

}  // namespace faceoff
