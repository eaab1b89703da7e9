#include "experiment/experiment.hpp"

#include <ATen/Context.h>

#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "experiment/tables.hpp"
#include "faces/targets.hpp"
#include "picture/find_pictures.hpp"
#include "plugins/plugin_config.hpp"
#include "toml/dotted_key.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// Reads one variant's tables.
class Reader {
 public:
  Reader(const toml::table& root, const Document& document, const PluginLibrary& plugins, Purpose purpose,
         Diagnostics& diagnostics)
      : file_(document.file()),
        plugins_(plugins),
        judged_(purpose == Purpose::judge),
        diagnostics_(diagnostics),
        tables_(root, document.file(), diagnostics, out_.resolved) {}

  Experiment read() {
    read_top();
    read_data();
    read_models();
    read_faces();
    read_attack();
    read_losses();
    if (!judged_) {
      read_augmentations();
      read_optimizer();
    }
    read_evaluate();
    read_output();
    read_run();
    check_roles();
    return std::move(out_);
  }

 private:
  void read_top() {
    TomlTable top = tables_.top();
    for (const char* key : {"data", "models", "faces", "attack", "loss", "augment", "optimizer", "evaluate", "output",
                            "run", "sweep", "extends"}) {
      top.take(key);
    }
    out_.name = top.text("name", fs::path(file_).stem().string());
    const bool plain =
        !out_.name.empty() && out_.name.size() <= 64 && std::ranges::all_of(out_.name, [](unsigned char c) {
          return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
        });
    if (!plain) top.fault("name", "'name' becomes a folder's: 1 to 64 letters, digits, '_', '-' and '.'");
    out_.seed = static_cast<std::uint64_t>(top.integer("seed", 0, {.low = 0}));
    const std::string device = top.text("device", "cpu");
    try {
      out_.device = at::Device(device);
    } catch (const c10::Error&) {
      top.fault("device", "'" + device + "' is no device: cpu, cuda or cuda:0");
    }
    if (!judged_ && out_.device.is_cuda() && !at::hasCUDA())
      top.fault("device", "this LibTorch sees no CUDA device; use cpu");
    if (!out_.device.is_cuda() && !out_.device.is_cpu()) top.fault("device", "'" + device + "': only cpu and cuda");
    top.finish();
  }

  void read_data() {
    if (tables_.misshapen("data")) return;
    TomlTable data = tables_.opened(tables_.table("data"), "[data]");
    const std::vector<std::string> patterns = data.required_texts("pictures", "a list of files, folders or patterns");
    try {
      out_.pictures = expand_pictures(patterns);
      for (const fs::path& picture : out_.pictures) {
        if (is_utf8(picture.string())) continue;
        data.fault("pictures", one_line(picture.string()) + ": the name is no UTF-8, and results.jsonl has to say it");
        break;
      }
    } catch (const ConfigError& error) {
      if (!judged_) data.fault("pictures", error.what());
    }
    out_.people_place = data.place("people");
    if (data.has("people")) {
      const std::vector<std::string> people = data.texts("people");
      if (people.size() == 1 && has_folders(people.front())) {
        out_.people = people;
      } else {
        try {
          for (const fs::path& file : expand_pictures(people)) out_.people.push_back(file.string());
        } catch (const ConfigError& error) {
          if (!judged_) data.fault("people", error.what());
          out_.people = people;
        }
      }
    }
    data.finish();
  }

  PluginConfig plugin(TomlTable& from, Kind kind) {
    PluginConfig config;
    const std::string name = from.required_text("plugin");
    config.place = from.place("plugin");
    if (name.empty()) return config;
    config.info = plugins_.find(kind, name);
    if (config.info == nullptr) {
      const std::string why = plugins_.why_missing(name);
      if (!why.empty()) throw PluginError(to_string(config.place) + ": " + why);
      const std::vector<std::string> names = plugins_.names(kind);
      from.fault("plugin", "no " + to_string(kind) + " '" + name + "'" + did_you_mean(name, names) +
                               " (faceoff plugins lists them)");
      return config;
    }
    for (const ParamInfo& info : config.info->params) {
      config.params.emplace_back(&info, from.param(info));
      if (from.has(info.name)) config.places[info.name] = from.place(info.name);
    }
    return config;
  }

  /// Reports what is left over, unless an unknown plugin leaves its parameters unknown too.
  static void finish(TomlTable& from, const PluginConfig& config) {
    if (config.info != nullptr) from.finish();
  }

  void read_models() {
    if (tables_.misshapen("models")) return;
    const toml::table* models = tables_.table("models");
    if (models == nullptr || models->empty()) {
      tables_.fault(nullptr, "no [models.NAME]: an attack needs at least one model");
      return;
    }
    for (const auto& [key, node] : *models) {
      const std::string name(key.str());
      if (!node.is_table()) {
        tables_.fault(&node, "'" + name + "' should be a table: [models." + name + "]");
        continue;
      }
      TomlTable model = tables_.opened(node.as_table(), "[models." + as_key(name) + "]");
      const std::string plugin_name = judged_ ? model.text("plugin", "") : "";
      if (judged_ && plugins_.find(Kind::model, plugin_name) == nullptr) {
        const std::string broken = plugins_.why_missing(plugin_name);
        out_.unknown_models[name] = broken.empty() ? "no model plugin '" + plugin_name + "' is there" : broken;
        out_.models.emplace(name, PluginConfig{});
        continue;
      }
      PluginConfig config = plugin(model, Kind::model);
      finish(model, config);
      out_.models.emplace(name, std::move(config));
    }
  }

  /// Checks that a name is one of [models].
  void check_model(TomlTable& from, const std::string& key, const std::string& name) {
    const toml::node* models = tables_.at("models");
    const bool unknown = models != nullptr && !models->is_table();  // which is a fault of its own
    if (unknown || out_.models.contains(name)) return;
    std::vector<std::string> names;
    for (const auto& [known, config] : out_.models) names.push_back(known);
    from.fault(key, "no [models." + name + "]" + did_you_mean(name, names));
  }

  /// The same for a list, which names each once.
  void check_models(TomlTable& from, const std::vector<std::string>& names) {
    std::set<std::string> seen;
    for (const std::string& name : names) {
      check_model(from, "models", name);
      if (!seen.insert(name).second) from.fault("models", "'models' names '" + name + "' twice");
    }
  }

  void read_faces() {
    if (tables_.misshapen("faces")) return;
    TomlTable faces = tables_.opened(tables_.table("faces"), "[faces]");
    out_.faces_place = faces.place("detector");
    out_.landmarks_place = faces.place("landmarks");
    out_.detector = faces.required_text("detector");
    if (!out_.detector.empty()) check_model(faces, "detector", out_.detector);
    out_.landmarks = faces.text("landmarks", "");
    if (!out_.landmarks.empty()) check_model(faces, "landmarks", out_.landmarks);
    out_.minimum_score = faces.number("minimum_score", .5, {0, 1});
    faces.finish();
  }

  void read_attack() {
    if (tables_.misshapen("attack")) return;
    TomlTable attack = tables_.opened(tables_.table("attack"), "[attack]");
    out_.attack_place = attack.place("subject");
    out_.subject = attack.choice("subject", {"picture", "crop"}) == "crop" ? SubjectKind::crop : SubjectKind::picture;
    if (out_.subject == SubjectKind::picture) {
      out_.mask = attack.choice("mask", {"picture", "faces"}) == "faces" ? MaskKind::faces : MaskKind::picture;
    } else if (attack.take("mask") != nullptr) {
      attack.fault("mask", "subject = \"crop\" changes the crops alone, so 'mask' says nothing; leave it out");
    }
    out_.norm = attack.choice("norm", {"inf", "two"}) == "two" ? Norm::two : Norm::inf;
    out_.epsilon = attack.number("epsilon", 8, {0, out_.norm == Norm::inf ? 255 : 1e6});
    if (out_.subject == SubjectKind::crop && out_.norm == Norm::two) {
      attack.fault("norm",
                   "subject = \"crop\" is enlarged when it is pasted back, so a 2-norm says nothing: norm = \"inf\"");
    }
    const auto if_said = [&](const char* key) {
      if (attack.has(key)) return std::optional(attack.number(key, 0));
      attack.take(key);
      return std::optional<double>();
    };
    out_.stop_at = if_said("stop_at");
    out_.stop_at_margin = if_said("stop_at_margin");
    if (out_.stop_at && out_.stop_at_margin)
      attack.fault("stop_at_margin", "an attack ends by 'stop_at' or by 'stop_at_margin', not by both");
    out_.keep = attack.choice("keep", {"last", "best"}) == "best" ? Keep::best : Keep::last;
    out_.balance = attack.choice("balance", {"value", "gradient"}) == "gradient" ? Balance::gradient : Balance::value;
    if (const toml::node* node = attack.take("target")) {
      read_targets(attack, *node);
    }
    attack.finish();
  }

  void read_targets(TomlTable& attack, const toml::node& node) {
    if (const toml::table* one = node.as_table()) {
      read_target(*one, "[attack.target]", "(photos)");
      return;
    }
    const toml::array* list = node.as_array();
    const bool tables = list != nullptr && !list->empty() &&
                        std::ranges::all_of(*list, [](const toml::node& target) { return target.is_table(); });
    if (!tables) {
      attack.fault("target",
                   "'target' should be a table, target = { choice = \"furthest\" }, or a list of such, one a face from "
                   "left to right");
      return;
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
      const std::string number = std::to_string(i);
      read_target(*list->get(i)->as_table(), "[[attack.target]]  # " + number,
                  "(photos " + std::to_string(i + 1) + ")");
    }
  }

  void read_target(const toml::table& node, const std::string& header, const std::string& photos_name) {
    TomlTable target = tables_.opened(&node, header);
    TargetConfig config;
    config.place = target.place();
    using Choice = TargetConfig::Choice;
    const std::string choice = target.choice("choice", target_choices);
    config.choice = static_cast<Choice>(std::ranges::find(target_choices, choice) - target_choices.begin());
    if (config.choice == Choice::random) config.draw = target.integer("draw", 1, {1, 1e6});
    if (config.choice == Choice::gain) config.candidates = target.integer("candidates", 10, {2, 1000});
    if (config.choice == Choice::named) config.name = target.required_text("name");
    if (config.choice == Choice::photos) {
      config.name = photos_name;
      const std::vector<std::string> patterns = target.required_texts("photos", "pictures of the target");
      try {
        for (const fs::path& file : expand_pictures(patterns)) config.photos.push_back(file.string());
      } catch (const ConfigError& error) {
        target.fault("photos", error.what());
      }
    } else if (tables_.table("data") == nullptr || !tables_.table("data")->contains("people")) {
      target.fault("choice", "choosing a target needs people: [data] people");
    }
    target.finish();
    out_.targets.push_back(std::move(config));
  }

  void read_losses() {
    int number = 0;
    for (const toml::table* node : tables_.list("loss")) {
      TomlTable loss = tables_.opened(node, "[[loss]]  # " + std::to_string(number++));
      LossConfig config;
      config.models = loss.required_texts("models", "the models that it attacks");
      check_models(loss, config.models);
      if (!judged_) {
        config.weight = loss.number("weight", 1, {-1e6, 1e6});
        config.plugin = plugin(loss, Kind::loss);
        finish(loss, config.plugin);
      }
      out_.losses.push_back(std::move(config));
    }
    const toml::node* node = tables_.at("loss");
    const bool empty = node != nullptr && node->is_array() && node->as_array()->empty();
    if (node == nullptr || empty) tables_.fault(empty ? node : nullptr, "no [[loss]]: nothing to minimise");
  }

  void read_augmentations() {
    int number = 0;
    for (const toml::table* node : tables_.list("augment")) {
      TomlTable augment = tables_.opened(node, "[[augment]]  # " + std::to_string(number++));
      AugmentationConfig config;
      config.probability = augment.number("probability", 1, {0, 1});
      config.draws = augment.integer("draws", 1, {1, 1000});
      config.at = augment.choice("at", {"view", "picture"}) == "picture" ? Stage::picture : Stage::view;
      config.plugin = plugin(augment, Kind::augmentation);
      finish(augment, config.plugin);
      out_.augmentations.push_back(std::move(config));
    }
  }

  void read_optimizer() {
    if (tables_.misshapen("optimizer")) return;
    const toml::table* node = tables_.table("optimizer");
    if (node == nullptr) {
      tables_.fault(nullptr, "no [optimizer]: say how to attack");
      return;
    }
    TomlTable optimizer = tables_.opened(node, "[optimizer]");
    out_.optimizer = plugin(optimizer, Kind::optimizer);
    finish(optimizer, out_.optimizer);
  }

  void read_evaluate() {
    if (tables_.misshapen("evaluate")) return;
    TomlTable evaluate = tables_.opened(tables_.table("evaluate"), "[evaluate]");
    out_.evaluate_place = evaluate.place("models");
    out_.held_out = evaluate.texts("models");
    check_models(evaluate, out_.held_out);
    out_.false_accept_rate = evaluate.number("false_accept_rate", 1e-3, {1e-6, 1});
    for (const std::string& name : evaluate.texts("after")) {
      try {
        const bool there = std::ranges::find(out_.after, name, &Degradation::name) != out_.after.end();
        if (!there) out_.after.push_back(parse_degradation(name));
      } catch (const ConfigError& error) {
        evaluate.fault("after", error.what());
      }
    }
    evaluate.finish();
  }

  void read_output() {
    if (tables_.misshapen("output")) return;
    TomlTable output = tables_.opened(tables_.table("output"), "[output]");
    const bool jpeg = output.choice("format", {"png", "jpeg"}) == "jpeg";
    out_.encoding.format = jpeg ? PictureFormat::jpeg : PictureFormat::png;
    if (jpeg) {
      out_.encoding.quality = static_cast<int>(output.integer("quality", 95, {1, 100}));
    } else if (output.take("quality") != nullptr) {
      output.fault("quality", "'quality' is of a JPEG: say format = \"jpeg\" too");
    }
    out_.traces = output.flag("traces", true);
    output.finish();
  }

  void read_run() {
    if (tables_.misshapen("run")) return;
    TomlTable run = tables_.opened(tables_.table("run"), "[run]");
    out_.batch = run.integer("batch", usual_batch, {1, 1024});
    run.finish();
  }

  /// Attacked models and judging models never mix.
  void check_roles() {
    for (const LossConfig& loss : out_.losses) {
      for (const std::string& name : loss.models) {
        if (std::ranges::find(out_.held_out, name) == out_.held_out.end()) continue;
        diagnostics_.add(out_.evaluate_place, "'" + name +
                                                  "' is attacked by a [[loss]], so it can't judge in [evaluate]; " +
                                                  "surrogates are reported anyway");
      }
    }
  }

  std::string file_;
  const PluginLibrary& plugins_;
  bool judged_;  ///< rather than attacked with
  Diagnostics& diagnostics_;
  Experiment out_;
  ExperimentTables tables_;
};

}  // namespace

std::vector<std::string> Experiment::used_models() const {
  std::set<std::string> names = {detector};
  if (!landmarks.empty()) names.insert(landmarks);
  for (const LossConfig& loss : losses) names.insert(loss.models.begin(), loss.models.end());
  names.insert(held_out.begin(), held_out.end());
  return {names.begin(), names.end()};
}

std::vector<Experiment> read_experiments(const Document& document, const PluginLibrary& plugins, Purpose purpose) {
  Diagnostics diagnostics(document.sources());
  std::vector<Experiment> experiments;
  for (const auto& [key, value] : document.variants().front().choices) {
    // They belong to the run, which all variants share.
    if (key == "name" || key == "device" || key == "run.batch")
      diagnostics.add({document.file(), 0, 0}, "'" + key + "' can't be swept");
  }
  for (const Variant& variant : document.variants()) {
    const toml::table root = document.tables(variant);
    experiments.push_back(Reader(root, document, plugins, purpose, diagnostics).read());
    experiments.back().variant = variant.name;
    experiments.back().choices = variant.choices;
  }
  diagnostics.throw_if_any();
  return experiments;
}

}  // namespace faceoff
