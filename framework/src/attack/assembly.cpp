#include "attack/assembly.hpp"

#include <algorithm>
#include <iterator>

#include "faces/views.hpp"
#include "plugins/build_plugin.hpp"
#include "plugins/model_pool.hpp"

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

  require(experiment.targets.empty() || measure() != nullptr,
          experiment.targets.empty() ? Place{} : experiment.targets.front().place,
          "a target is a person, and none of the attacked models is an embedder");
  for (const LoadedModel* used : surrogates) {
    require(!needs_landmarks(used->view.crop) || landmarks != nullptr, experiment.faces_place,
            "'" + used->name + "' is aligned by landmarks: name a landmark model, landmarks = \"NAME\" in [faces]");
  }
}

const LoadedModel* Assembly::measure() const {
  const auto embeds = [](const LoadedModel* model) { return includes(model->provides, Field::embedding); };
  const auto found = std::ranges::find_if(surrogates, embeds);
  return found != surrogates.end() ? *found : nullptr;
}

Portraying portraying(const Assembly& assembly) {
  Portraying by{
      assembly.detector, assembly.landmarks, assembly.experiment.minimum_score, assembly.experiment.device, {},
      usual_cache()};
  std::ranges::copy_if(assembly.surrogates, std::back_inserter(by.models),
                       [](const LoadedModel* model) { return includes(model->provides, Field::embedding); });
  return by;
}

}  // namespace faceoff
