#include "attack/assembly.hpp"

#include "base/lists.hpp"
#include "faces/faces.hpp"
#include "faces/views.hpp"
#include "plugins/model_pool.hpp"
#include "plugins/plugin_config.hpp"

namespace faceoff {

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
    LossTerm term{config.plugin.info->name,
                  build_plugin<Loss>(pool.plugins(), config.plugin, pool.setup()),
                  {},
                  config.draw_models > 0 ? config.draw_models : static_cast<std::int64_t>(config.models.size()),
                  config.weight,
                  Field::none};
    const Field wanted = ask_fields("plugin " + term.plugin, config.plugin.place, [&] { return term.loss->needs(); });
    require(!includes(wanted, Field::targets) || !experiment.targets.empty(), config.plugin.place,
            term.plugin + " needs a target: say [attack] target = { choice = \"furthest\" }");
    require(!includes(wanted, Field::mean) || !experiment.people.empty(), config.plugin.place,
            term.plugin + " needs people, whose mean embedding it subtracts: say [data] people = \"FOLDER\"");
    require(config.draw_models == 0 || !(experiment.stop_at_margin || experiment.keep == Keep::best),
            config.plugin.place,
            "'draw_models' leaves models out of a step, whose margin then says nothing of them: leave out "
            "'stop_at_margin' and keep = \"best\"");
    const bool pixels_alone = wanted == Field::picture;
    require(!pixels_alone || config.models.empty(), config.plugin.place,
            term.plugin + " looks at the subject's own pixels, and at no model: leave out 'models'");
    require(pixels_alone || !config.models.empty(), config.plugin.place,
            term.plugin + " needs " + to_string(wanted) + ": say models = [...], the models that it attacks");
    needs = needs | wanted;
    term.needs = wanted;
    for (const std::string& name : config.models) {
      const LoadedModel* attacked = model(name);
      const Field missing = without(without(wanted, Field::targets | Field::mean | Field::picture), attacked->provides);
      require(missing == Field::none, config.plugin.place,
              "loss " + term.plugin + " needs " + to_string(missing) + ", which '" + name +
                  "' does not provide (it provides " + to_string(attacked->provides) + ")");
      term.models.push_back(attacked);
      add_once(surrogates, attacked);
      if (includes(attacked->provides, Field::embedding)) add_once(embedders, attacked);
    }
    losses.push_back(std::move(term));
  }

  require(!surrogates.empty(), experiment.losses.front().plugin.place,
          "no [[loss]] attacks a model: those on pixels alone keep the picture as it is");
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
    for (const LoadedModel* attacked : surrogates) {
      require(step.partners == 0 || attacked->view.height > 0, config.plugin.place,
              step.plugin + " mixes in views of other people, and '" + attacked->name +
                  "' sees each picture in its own size");
    }
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

  require(experiment.targets.empty() || measure() != nullptr,
          experiment.targets.empty() ? Place{} : experiment.targets.front().place,
          "a target is a person, and none of the attacked models is an embedder");
  require(experiment.own == Own::face || measure() != nullptr, experiment.attack_place,
          "own = \"photos\" is of persons, and none of the attacked models is an embedder");
  for (const LoadedModel* used : surrogates) {
    const std::string fault = why_not_aligned(*used, *detector, landmarks);
    require(fault.empty(), experiment.faces_place, fault);
  }
}

Portraying portraying(const Assembly& assembly) {
  const Experiment& experiment = assembly.experiment;
  return {assembly.detector, assembly.landmarks, experiment.minimum_score,
          experiment.device, assembly.embedders, usual_cache()};
}

}  // namespace faceoff
