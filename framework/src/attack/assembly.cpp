#include "attack/assembly.hpp"

#include <algorithm>

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
    require(includes(landmarks->provides, Field::landmarks), experiment.landmarks_place,
            "landmarks: '" + landmarks->name + "' provides " + to_string(landmarks->provides) + ", not landmarks");
  }

  for (const LossConfig& config : experiment.losses) {
    LossTerm term{config.plugin.info->name,
                  build_plugin<Loss>(pool.plugins(), config.plugin, pool.setup()),
                  {},
                  config.weight,
                  Field::none};
    const Field wanted = ask_fields("plugin " + term.plugin, config.plugin.place, [&] { return term.loss->needs(); });
    require(!includes(wanted, Field::targets) || !experiment.targets.empty(), config.plugin.place,
            term.plugin + " needs a target: say [attack] target = { choice = \"furthest\" }");
    require(!includes(wanted, Field::mean) || !experiment.people.empty(), config.plugin.place,
            term.plugin + " needs people, whose mean embedding it subtracts: say [data] people = \"FOLDER\"");
    needs = needs | wanted;
    term.needs = wanted;
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
    AugmentationStep step{config.plugin.info->name,
                          build_plugin<Augmentation>(pool.plugins(), config.plugin, pool.setup()),
                          config.probability,
                          config.draws,
                          config.at,
                          0};
    step.partners =
        ask_plugin("plugin " + step.plugin, config.plugin.place, [&] { return step.augmentation->partners(); });
    constexpr std::int64_t most = 64;
    require(step.partners >= 0 && step.partners <= most, config.plugin.place,
            step.plugin + " asks for " + std::to_string(step.partners) + " partners; 0 to " + std::to_string(most));
    require(step.partners == 0 || step.at == Stage::view, config.plugin.place,
            step.plugin + " mixes in views of other people, so it works at the view: leave out at = \"picture\"");
    require(step.partners == 0 || !experiment.people.empty(), config.plugin.place,
            step.plugin + " mixes in views of other people: say [data] people = \"FOLDER\"");
    augmentations.push_back(std::move(step));
  }
  optimizer = build_plugin<Optimizer>(pool.plugins(), experiment.optimizer, pool.setup());
  const bool compares = ask_plugin("plugin " + experiment.optimizer.info->name, experiment.optimizer.place,
                                   [&] { return optimizer->compares_values(); });
  require(
      experiment.balance == Balance::value || !compares, experiment.optimizer.place,
      experiment.optimizer.info->name +
          " compares values, and with [attack] balance = \"gradient\" the gradient is not the value's: say balance = "
          "\"value\"");

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
  for (const LoadedModel* used : surrogates) {
    require(!needs_landmarks(used->view.crop) || landmarks != nullptr, experiment.faces_place,
            "'" + used->name + "' is aligned by landmarks: name a landmark model, landmarks = \"NAME\" in [faces]");
  }
  for (const Judge& judge : judges) {
    require(
        !needs_landmarks(judge.model->view.crop) || landmarks != nullptr, experiment.faces_place,
        "'" + judge.model->name + "' is aligned by landmarks: name a landmark model, landmarks = \"NAME\" in [faces]");
  }
}

Portraying portraying(const Assembly& assembly) {
  Portraying by{
      assembly.detector, assembly.landmarks, assembly.experiment.minimum_score, assembly.experiment.device, {},
      usual_cache()};
  for (const Judge& judge : assembly.judges) by.models.push_back(judge.model);
  return by;
}

}  // namespace faceoff
