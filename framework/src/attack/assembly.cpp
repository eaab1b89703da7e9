#include "attack/assembly.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "host/black_box.hpp"
#include "host/call_plugin.hpp"
#include "host/check_answer.hpp"
#include "host/reference.hpp"
#include "picture/files.hpp"
#include "picture/views.hpp"

namespace faceoff {

namespace {

/// Where the experiment names the file that a message is about, or the plugin.
Place place_of_file(const PluginConfig& config, const std::string& message) {
  Place place = config.place;
  std::size_t longest = 0;  // a word like "box" may be a part of a file's name
  for (const auto& [param, value] : config.params) {
    const auto* text = std::get_if<std::string>(&value);
    const std::string name = text != nullptr ? std::filesystem::path(*text).filename().string() : "";
    if (name.size() <= longest || message.find(name) == std::string::npos) continue;
    longest = name.size();
    place = config.place_of(param->name);
  }
  return place;
}

/// "file:line:column: ", as far as it is known.
std::string prefix(const Place& place) {
  return place.file.empty() ? "" : to_string(place) + ": ";
}

/// Creates the plugin, sets its parameters and sets it up; what it refuses is said with the place in the experiment.
template <class P>
std::unique_ptr<P> build(const PluginLibrary& plugins, const PluginConfig& config, const Setup& setup) {
  std::unique_ptr<Plugin> plugin = plugins.create(*config.info);
  for (const auto& [param, value] : config.params) param->set(*plugin, value);
  const std::string who = "plugin " + config.info->name;
  PluginCall call(who, {});
  try {
    plugin->setup(setup);
    call.check();
  } catch (const MissingFile& error) {
    throw ConfigError(error.what(), place_of_file(config, error.what()));
  } catch (const ConfigError& error) {
    throw ConfigError(config.info->name + ": " + error.what(), config.place);
  } catch (const FileError& error) {
    throw FileError(prefix(place_of_file(config, error.what())) + error.what());
  } catch (const PluginFault& error) {
    throw PluginError(prefix(config.place) + error.what());
  } catch (...) {
    throw PluginError(prefix(config.place) + who + ": " + what_was_thrown());
  }
  auto* typed = dynamic_cast<P*>(plugin.get());
  if (typed == nullptr) throw PluginError(prefix(config.place) + who + " is not what it says it is");
  plugin.release();
  return std::unique_ptr<P>(typed);
}

/// The file that a parameter names, if it does.
std::optional<std::filesystem::path> named_file(const ParamValue& value, const Setup& setup) {
  const auto* name = std::get_if<std::string>(&value);
  if (name == nullptr || name->empty()) return std::nullopt;
  try {
    std::filesystem::path file = setup.resolve(*name);
    return std::filesystem::is_regular_file(file) ? std::optional(file) : std::nullopt;
  } catch (const MissingFile&) {
    return std::nullopt;
  }
}

/// What a plugin says of itself; what it throws instead is said with its place in the experiment.
template <class Ask>
auto asked(const std::string& who, const Place& place, const Ask& ask) {
  try {
    return call_plugin(who, ask);
  } catch (const PluginError& error) {
    throw PluginError(prefix(place) + error.what());
  }
}

template <class Ask>
Field asked_fields(const std::string& who, const Place& place, const Ask& ask) {
  return asked(who, place, [&] {
    const Field fields = ask();
    check_fields(who, fields);
    return fields;
  });
}

void require(bool holds, const Place& place, const std::string& message) {
  if (!holds) throw ConfigError(message, place);
}

/// A face's view is a square of some size, and an embedder sees a face.
void check_view(const LoadedModel& model, const Place& place) {
  const ViewSpec& view = model.view;
  const bool face = about_a_face(view.crop);
  constexpr std::int64_t largest = 16384;
  const bool own_size = view.height == 0 && view.width == 0;
  const bool sized = view.height > 0 && view.width > 0 && view.height <= largest && view.width <= largest;
  require(face ? sized && view.height == view.width : sized || own_size, place,
          "'" + model.name + "' asks for a view of " + std::to_string(view.height) + " by " +
              std::to_string(view.width) + " pixels; a face's is a square of at most " + std::to_string(largest) +
              ", a picture's may be 0 by 0, its own size");
  if (const auto* box = std::get_if<BoxCrop>(&view.crop)) {
    require(box->scale >= .01 && box->scale <= 100 && std::abs(box->down) <= 100, place,
            "'" + model.name + "' asks for " + to_toml(box->scale) + " times a face's box, " + to_toml(box->down) +
                " lower; 0.01 to 100 times, at most 100 lower");
  }
  require(face || !includes(model.provides, Field::embedding), place,
          "'" + model.name + "' provides an embedding, and sees the whole picture instead of a face");
}

/// Whether what fools one says little of the other: the same weights, or weights of one family.
bool share_training(const LoadedModel& a, const LoadedModel& b) {
  return (!a.sha256.empty() && a.sha256 == b.sha256) || (!a.family.empty() && a.family == b.family);
}

/// Whether a calibration can hold for these parameters: those that shape the view are compared as a view, any other
/// one is as it was when the thresholds were measured, at its default.
bool as_measured(const PluginConfig& config) {
  static const std::set<std::string> compared = {"weights", "view", "size", "scale", "down", "align"};
  return std::ranges::all_of(config.params, [](const auto& entry) {
    return compared.contains(entry.first->name) || entry.second == entry.first->initial;
  });
}

}  // namespace

std::string to_string(Role role) {
  switch (role) {
    case Role::surrogate:
      return "surrogate";
    case Role::related:
      return "related";
    case Role::held_out:
      return "held_out";
  }
  return "";
}

Role role_of(const LoadedModel& judge, const std::vector<const LoadedModel*>& attacked) {
  if (std::ranges::find(attacked, &judge) != attacked.end()) return Role::surrogate;
  const bool related =
      std::ranges::any_of(attacked, [&](const LoadedModel* one) { return share_training(*one, judge); });
  return related ? Role::related : Role::held_out;
}

ModelPool::ModelPool(const PluginLibrary& plugins, Setup setup, std::vector<Calibration> calibrations)
    : plugins_(plugins), setup_(std::move(setup)), calibrations_(std::move(calibrations)) {}

const LoadedModel& ModelPool::get(const std::string& name, const PluginConfig& config) {
  std::string key = name + "\n" + config.info->name;
  for (const auto& [param, value] : config.params) key += "\n" + param->name + "=" + to_toml(value);
  std::unique_ptr<LoadedModel>& slot = models_[key];
  if (slot) return *slot;
  ++BlackBox::here().beats;
  auto loaded = std::make_unique<LoadedModel>();
  loaded->name = name;
  loaded->plugin = config.info->name;
  loaded->model = build<Model>(plugins_, config, setup_);
  const std::string who = "plugin " + loaded->plugin + ", model '" + name + "'";
  loaded->view = asked(who, config.place, [&] { return loaded->model->view(); });
  loaded->provides = asked_fields(who, config.place, [&] { return loaded->model->provides(); });
  loaded->differentiable = asked(who, config.place, [&] { return loaded->model->differentiable(); });
  loaded->identity = identity(config);
  for (const auto& [param, value] : config.params) {
    if (param->name != "weights") continue;
    const std::optional<std::filesystem::path> file = named_file(value, setup_);
    if (!file) continue;
    loaded->weights = *file;
    loaded->sha256 = sha256_of(*file);
  }
  check_view(*loaded, config.place);
  try {
    check_reference(*loaded, setup_);
  } catch (const FileError& error) {
    throw FileError(prefix(place_of_file(config, error.what())) + error.what());
  }
  calibrate(*loaded, as_measured(config));
  slot = std::move(loaded);
  return *slot;
}

std::string ModelPool::identity(const PluginConfig& config) {
  std::string text = config.info->name + " " + sha256_of(plugins_.file_of(*config.info));
  for (const auto& [param, value] : config.params) {
    text += "\n" + param->name + " = " + to_toml(value);
    if (const auto file = named_file(value, setup_)) text += " " + sha256_of(*file);
  }
  return text;
}

const std::string& ModelPool::sha256_of(const std::filesystem::path& file) {
  std::string& digest = digests_[file];
  if (digest.empty()) digest = sha256_file(file);
  return digest;
}

void ModelPool::calibrate(LoadedModel& model, bool as_measured) {
  if (model.weights.empty()) return;
  const auto of_weights = [&](const std::vector<Calibration>& all) {
    const auto found = std::ranges::find(all, model.sha256, &Calibration::sha256);
    if (found != all.end() && model.family.empty()) model.family = found->family;
    return found != all.end();
  };
  const auto of_view = [&](const std::vector<Calibration>& all) {
    const Calibration* const found = as_measured ? find_calibration(all, model.sha256, model.view) : nullptr;
    return found != nullptr && !found->thresholds.empty() ? found : nullptr;
  };
  of_weights(calibrations_);
  model.calibration = of_view(calibrations_);
  // What `faceoff calibrate` measured lies beside the weights, and goes before what ships.
  const std::filesystem::path own = std::filesystem::path(model.weights).replace_extension(".toml");
  std::error_code ignored;
  if (!std::filesystem::exists(own, ignored)) return;
  const std::vector<Calibration>& beside = measured_.emplace_back(read_calibration_file(own));
  if (!of_weights(beside))
    warnings_.push_back(own.string() + ": holds thresholds of other weights than " + model.weights.filename().string() +
                        " has now; they are not used");
  if (const Calibration* const found = of_view(beside)) model.calibration = found;
}

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
        config.plugin.info->name, build<Loss>(pool.plugins(), config.plugin, pool.setup()), {}, config.weight};
    const Field wanted = asked_fields("plugin " + term.plugin, config.plugin.place, [&] { return term.loss->needs(); });
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
    augmentations.push_back({config.plugin.info->name, build<Augmentation>(pool.plugins(), config.plugin, pool.setup()),
                             config.probability, config.draws, config.at});
  }
  optimizer = build<Optimizer>(pool.plugins(), experiment.optimizer, pool.setup());

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

}  // namespace faceoff
