#include "attack/assembly.hpp"

#include <algorithm>

#include "faces/faces.hpp"
#include "faces/views.hpp"
#include "plugins/build_plugin.hpp"
#include "plugins/model_pool.hpp"
#include "plugins/role.hpp"

namespace faceoff {

namespace {

void require(bool holds, const Place& place, const std::string& message) {
  if (!holds) throw ConfigError(message, place);
}

}  // namespace

Assembly::Assembly(const Experiment& experiment_, ModelPool& pool) : experiment(experiment_) {
  const auto model = [&](const std::string& name) { return &pool.get(name, experiment.models.at(name)); };

  detector = model(experiment.detector);
  require(includes(detector->provides, Field::scores | Field::boxes), experiment.faces_place,
          "detector: '" + detector->name + "' provides " + to_string(detector->provides) +
              ", and finding faces needs scores, boxes");
  if (!experiment.landmarks.empty()) {
    landmarks = model(experiment.landmarks);
    require(is_landmark_model(*landmarks), experiment.landmarks_place,
            "landmarks: '" + landmarks->name + "' provides " + to_string(landmarks->provides) +
                ", not landmarks of a face alone");
  }

  for (const LossConfig& config : experiment.losses) {
    LossTerm term{
        config.plugin.info->name, build_plugin<Loss>(pool.plugins(), config.plugin, pool.setup()), {}, config.weight};
    const Field wanted = ask_fields("plugin " + term.plugin, config.plugin.place, [&] { return term.loss->needs(); });
    require(!includes(wanted, Field::targets) || !experiment.targets.empty(), config.plugin.place,
            term.plugin + " needs a target: say [attack] target = { choice = \"furthest\" }");
    require(!includes(wanted, Field::mean) || !experiment.people.empty(), config.plugin.place,
            term.plugin + " needs people, whose mean embedding it subtracts: say [data] people = \"FOLDER\"");
    needs = needs | wanted;
    for (const std::string& name : config.models) {
      const LoadedModel* attacked = model(name);
      const Field missing = without(without(wanted, Field::targets | Field::mean | Field::picture), attacked->provides);
      require(missing == Field::none, config.plugin.place,
              "loss " + term.plugin + " needs " + to_string(missing) + ", which '" + name +
                  "' does not provide (it provides " + to_string(attacked->provides) + ")");
      term.models.push_back(attacked);
      if (std::ranges::find(surrogates, attacked) == surrogates.end()) surrogates.push_back(attacked);
    }
    losses.push_back(std::move(term));
  }

  for (const LoadedModel* surrogate : surrogates) {
    if (experiment.subject != SubjectKind::crop) continue;
    require(about_a_face(surrogate->view.crop), experiment.attack_place,
            "subject = \"crop\" is one face's view, and '" + surrogate->name +
                "' sees the whole picture: say subject = \"picture\"");
    require(upright(surrogate->view.crop), experiment.attack_place,
            "subject = \"crop\" is pasted back upright, and '" + surrogate->name +
                "' sees a face turned: say subject = \"picture\"");
    require(surrogate->view == surrogates.front()->view, experiment.attack_place,
            "subject = \"crop\" is one view, and '" + surrogate->name + "' sees another than '" +
                surrogates.front()->name + "': say subject = \"picture\"");
  }

  for (const AugmentationConfig& config : experiment.augmentations) {
    augmentations.push_back({config.plugin.info->name,
                             build_plugin<Augmentation>(pool.plugins(), config.plugin, pool.setup()),
                             config.probability, config.draws, config.at});
  }
  optimizer = build_plugin<Optimizer>(pool.plugins(), experiment.optimizer, pool.setup());

  constexpr Field sight = Field::scores | Field::boxes;
  for (const LoadedModel* surrogate : surrogates) {
    if (includes(surrogate->provides, Field::embedding)) judges.push_back({surrogate, Role::surrogate});
    if (includes(surrogate->provides, sight)) judging_detectors.push_back({surrogate, Role::surrogate});
  }
  require(experiment.targets.empty() || !judges.empty(),
          experiment.targets.empty() ? Place{} : experiment.targets.front().place,
          "a target is a person, and none of the attacked models is an embedder");
  for (const std::string& name : experiment.held_out) {
    const LoadedModel* judge = model(name);
    const bool embeds = includes(judge->provides, Field::embedding), sees = includes(judge->provides, sight);
    require(embeds || sees, experiment.evaluate_place,
            "evaluate: '" + name + "' provides " + to_string(judge->provides) +
                ", and a judge needs embedding, or scores, boxes");
    const Role role = role_of(*judge, surrogates);
    if (embeds) judges.push_back({judge, role});
    if (sees) judging_detectors.push_back({judge, role});
  }
  if (judging_detectors.empty()) judging_detectors.push_back({detector, Role::held_out});
  const auto require_aligned = [&](const LoadedModel& shown) {
    const std::string fault = why_not_aligned(shown, *detector, landmarks);
    require(fault.empty(), experiment.faces_place, fault);
  };
  for (const LoadedModel* used : surrogates) require_aligned(*used);
  for (const Judge& judge : judges) require_aligned(*judge.model);
}

Portraying portraying(const Assembly& assembly) {
  Portraying by{
      assembly.detector, assembly.landmarks, assembly.experiment.minimum_score, assembly.experiment.device, {},
      usual_cache()};
  for (const Judge& judge : assembly.judges) by.models.push_back(judge.model);
  return by;
}

}  // namespace faceoff
