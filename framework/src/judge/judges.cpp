#include "judge/judges.hpp"

#include <algorithm>

#include "base/lists.hpp"
#include "faces/faces.hpp"
#include "plugins/plugin_config.hpp"

namespace faceoff {

namespace {

constexpr Field sight = Field::scores | Field::boxes;

/// An experiment's. Throws PluginError where its plugin is not there.
const LoadedModel& model(const Experiment& experiment, ModelPool& pool, const std::string& name) {
  const auto unknown = experiment.unknown_models.find(name);
  if (unknown != experiment.unknown_models.end()) throw PluginError("model '" + name + "': " + unknown->second);
  return pool.get(name, experiment.models.at(name));
}

/// A plugin's model with every parameter at its default, under the plugin's name; null where there is no such plugin or
/// its weights were never fetched. One that is loaded already is taken under the name that it has.
const LoadedModel* by_default(ModelPool& pool, const std::string& plugin) {
  PluginConfig config;
  config.info = pool.plugins().find(Kind::model, plugin);
  if (config.info == nullptr) return nullptr;
  for (const ParamInfo& param : config.info->params) config.params.emplace_back(&param, param.initial);
  const std::string identity = pool.identity(config);
  for (const auto& [key, model] : pool.all()) {
    if (model->identity == identity) return model.get();
  }
  try {
    return &pool.get(plugin, config);
  } catch (const MissingFile&) {
    return nullptr;
  }
}

}  // namespace

std::vector<const LoadedModel*> attacked_models(
    const Experiment& experiment, ModelPool& pool,
    const std::function<const LoadedModel*(const std::string&, const std::string&)>& missing) {
  std::vector<const LoadedModel*> attacked;
  for (const LossConfig& loss : experiment.losses) {
    for (const std::string& name : loss.models) {
      const auto unknown = experiment.unknown_models.find(name);
      if (unknown != experiment.unknown_models.end()) {
        add_once(attacked, missing(name, unknown->second));
        continue;
      }
      try {
        add_once(attacked, &pool.get(name, experiment.models.at(name)));
      } catch (const MissingFile& error) {
        add_once(attacked, missing(name, error.what()));
      }
    }
  }
  return attacked;
}

Judges judges_of(const Experiment& experiment, ModelPool& pool, const std::vector<const LoadedModel*>& surrogates,
                 const std::vector<const LoadedModel*>& attacked, const LoadedModel* finder) {
  Judges judges;
  judges.minimum_score = experiment.minimum_score;
  judges.device = pool.setup().device;
  const auto add = [&](const LoadedModel& judge, Role role) {
    if (includes(judge.provides, Field::embedding)) judges.recognisers.push_back({&judge, role});
    if (includes(judge.provides, sight)) judges.detectors.push_back({&judge, role});
  };
  for (const LoadedModel* surrogate : surrogates) {
    if (surrogate->model != nullptr) add(*surrogate, Role::surrogate);
  }
  for (const std::string& name : experiment.held_out) {
    const LoadedModel& judge = model(experiment, pool, name);
    require(includes(judge.provides, Field::embedding) || includes(judge.provides, sight), experiment.evaluate_place,
            "evaluate: '" + name + "' provides " + to_string(judge.provides) +
                ", and a judge needs embedding, or scores, boxes");
    add(judge, role_of(judge, surrogates));
  }
  const auto is_usual = [&](const LoadedModel* one) { return one->name == experiment.detector; };
  if (judges.detectors.empty() && std::ranges::none_of(surrogates, is_usual)) {
    const LoadedModel& usual = model(experiment, pool, experiment.detector);
    judges.detectors.push_back({&usual, role_of(usual, surrogates)});
  }
  if (judges.recognisers.empty()) return judges;
  if (!experiment.landmarks.empty()) judges.landmarks = &model(experiment, pool, experiment.landmarks);
  judges.finder = finder != nullptr ? finder : &finder_of(experiment, pool, attacked);
  for (const Judge& judge : judges.recognisers) {
    const std::string fault = why_not_aligned(*judge.model, *judges.finder, judges.landmarks);
    require(fault.empty() || finder != nullptr, experiment.faces_place, fault);
  }
  return judges;
}

const LoadedModel& finder_of(ModelPool& pool, const LoadedModel* usual,
                             const std::vector<const LoadedModel*>& attacked) {
  if (usual != nullptr && role_of(*usual, attacked) == Role::held_out) return *usual;
  for (const char* plugin : {"ssd_mobilenet_v1", "mtcnn", "tiny_face_detector", "rfb_320", "blazeface", "faceboxes"}) {
    const LoadedModel* other = by_default(pool, plugin);
    if (other != nullptr && role_of(*other, attacked) == Role::held_out) return *other;
  }
  if (usual == nullptr)
    throw ConfigError("every detector whose weights are there was attacked: name one that was not with --detector");
  return *usual;
}

const LoadedModel& finder_of(const Experiment& experiment, ModelPool& pool,
                             const std::vector<const LoadedModel*>& attacked) {
  const auto gone = [&](const LoadedModel* one) { return one->name == experiment.detector && one->model == nullptr; };
  const LoadedModel* usual =
      std::ranges::any_of(attacked, gone) ? nullptr : &model(experiment, pool, experiment.detector);
  return finder_of(pool, usual, attacked);
}

Portraying portraying(const Judges& judges) {
  Portraying by{judges.finder, judges.landmarks, judges.minimum_score, judges.device, {}, usual_cache()};
  for (const Judge& judge : judges.recognisers) by.models.push_back(judge.model);
  return by;
}

}  // namespace faceoff
