#include "experiment/experiment.hpp"

#include <ATen/Context.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <set>

#include "base/json.hpp"
#include "base/numbers.hpp"
#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "picture/find_pictures.hpp"
#include "toml/dotted_key.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// Which of the words a key says: enumerators are in the words' order, and the first is the default.
template <class Enum>
Enum choice(TomlTable& from, const std::string& key, const std::vector<std::string>& words) {
  return static_cast<Enum>(std::ranges::find(words, from.choice(key, words)) - words.begin());
}

const std::vector<std::string> precisions = {"float32", "bfloat16"};

/// What patterns were found to name, so that variants look into a folder once.
using Found = std::map<std::vector<std::string>, FoundPictures>;

/// Reads one variant's tables.
class Reader {
 public:
  Reader(const toml::table& root, const Document& document, const PluginLibrary& plugins, Purpose purpose, Found& found,
         Diagnostics& diagnostics)
      : root_(root),
        file_(document.file()),
        plugins_(plugins),
        judged_(purpose == Purpose::judge),
        found_(found),
        diagnostics_(diagnostics) {}

  Experiment read() {
    read_top();
    section("data", &Reader::read_data);
    section("models", &Reader::read_models);
    section("faces", &Reader::read_faces);
    section("attack", &Reader::read_attack);
    each("loss", &Reader::read_loss);
    const toml::node* losses = root_.get("loss");
    if (losses == nullptr || (losses->is_array() && losses->as_array()->empty()))
      fault(losses, "no [[loss]]: nothing to minimise");
    if (!judged_) {
      each("augment", &Reader::read_augmentation);
      section("optimizer", &Reader::read_optimizer);
    }
    section("evaluate", &Reader::read_evaluate);
    section("output", &Reader::read_output);
    section("run", &Reader::read_run);
    check_roles();
    if (!judged_) set_precisions();
    return std::move(out_);
  }

 private:
  /// A table as it is read; null: everything is the default.
  TomlTable opened(const toml::table* table, const std::string& header) {
    return {table, header, Place{file_, 0, 0}, diagnostics_, out_.resolved};
  }

  /// A fault, at a node or of the whole file.
  void fault(const toml::node* node, const std::string& message) {
    diagnostics_.add(node != nullptr ? place_of(node->source()) : Place{file_, 0, 0}, message);
  }

  /// Reads the table under a top-level key. Something else there is a fault, and what is in it is not asked for.
  void section(const std::string& key, void (Reader::*reads)(TomlTable&)) {
    const toml::node* node = root_.get(key);
    if (node != nullptr && !node->is_table()) return fault(node, "'" + key + "' should be a table: [" + key + "]");
    TomlTable table = opened(root_[key].as_table(), "[" + key + "]");
    (this->*reads)(table);
  }

  /// Reads each table of a [[key]] list.
  void each(const std::string& key, void (Reader::*reads)(TomlTable&)) {
    const toml::node* node = root_.get(key);
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    if (list == nullptr || (!list->empty() && !list->is_array_of_tables()))
      fault(node, "'" + key + "' should be a list of tables: [[" + key + "]]");
    if (list == nullptr) return;
    int number = 0;
    for (const toml::node& item : *list) {
      if (!item.is_table()) return;
      TomlTable table = opened(item.as_table(), "[[" + key + "]]  # " + std::to_string(number++));
      (this->*reads)(table);
    }
  }

  void read_top() {
    TomlTable top = opened(&root_, "");
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

  /// The files that patterns name; none, and a fault where it matters, if they name none.
  std::vector<std::string> files(TomlTable& from, const std::string& key, const std::vector<std::string>& patterns,
                                 bool matters, std::vector<LeftOut>* left_out = nullptr) {
    std::vector<std::string> names;
    try {
      const auto [found, is_new] = found_.try_emplace(patterns);
      if (is_new) found->second = find_pictures(patterns);
      for (const fs::path& file : found->second.files) names.push_back(file.string());
      if (left_out != nullptr) *left_out = found->second.left_out;
    } catch (const ConfigError& error) {
      found_.erase(patterns);
      if (matters) from.fault(key, error.what());
    }
    return names;
  }

  void read_data(TomlTable& data) {
    std::vector<std::string> pictures =
        files(data, "pictures", data.required_texts("pictures", "a list of files, folders or patterns"), !judged_,
              &out_.left_out);
    std::erase_if(pictures, [&](const std::string& name) {
      if (is_utf8(name)) return false;
      out_.left_out.push_back({one_line(name, PATH_MAX), "its name is no UTF-8, and results.jsonl has to say it"});
      return true;
    });
    if (pictures.empty() && !out_.left_out.empty()) data.fault("pictures", words_of(out_.left_out).front());
    out_.pictures.assign(pictures.begin(), pictures.end());
    out_.people_place = data.place("people");
    if (data.has("people")) {
      out_.people = data.texts("people");
      if (out_.people.size() != 1 || !has_folders(out_.people.front())) {
        std::vector<std::string> found = files(data, "people", out_.people, !judged_);
        if (!found.empty()) out_.people = std::move(found);
      }
    }
    data.finish();
  }

  void read_models(TomlTable&) {
    const toml::table* models = root_["models"].as_table();
    if (models == nullptr || models->empty())
      return fault(nullptr, "no [models.NAME]: an attack needs at least one model");
    for (const auto& [key, node] : *models) {
      const std::string name(key.str());
      if (!node.is_table()) {
        fault(&node, "'" + name + "' should be a table: [models." + name + "]");
        continue;
      }
      TomlTable model = opened(node.as_table(), "[models." + as_key(name) + "]");
      PluginConfig& config = out_.models[name];
      const std::string plugin = judged_ ? model.text("plugin", "") : "";
      if (judged_ && plugins_.find(Kind::model, plugin) == nullptr) {
        const std::string broken = plugins_.why_missing(plugin);
        out_.unknown_models[name] = broken.empty() ? "no model plugin '" + plugin + "' is there" : broken;
      } else {
        const bool own = model.has("precision");
        const auto precision = own ? choice<layers::Precision>(model, "precision", precisions) : layers::Precision();
        const Place place = model.place("precision");
        config = read_plugin(model, Kind::model, plugins_);
        config.precision = precision;
        if (own) config.places["precision"] = place;
      }
    }
  }

  /// Checks that a name is one of [models].
  void check_model(TomlTable& from, const std::string& key, const std::string& name) {
    const toml::node* models = root_.get("models");
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

  void read_faces(TomlTable& faces) {
    out_.faces_place = faces.place("detector");
    out_.landmarks_place = faces.place("landmarks");
    out_.detector = faces.required_text("detector");
    if (!out_.detector.empty()) check_model(faces, "detector", out_.detector);
    out_.landmarks = faces.text("landmarks", "");
    if (!out_.landmarks.empty()) check_model(faces, "landmarks", out_.landmarks);
    out_.minimum_score = faces.number("minimum_score", .5, {0, 1});
    faces.finish();
  }

  void read_attack(TomlTable& attack) {
    out_.attack_place = attack.place("subject");
    out_.subject = choice<SubjectKind>(attack, "subject", {"picture", "crop"});
    if (out_.subject == SubjectKind::picture) {
      out_.mask = choice<MaskKind>(attack, "mask", {"picture", "faces"});
    } else if (attack.take("mask") != nullptr) {
      attack.fault("mask", "subject = \"crop\" changes the crops alone, so 'mask' says nothing; leave it out");
    }
    if (out_.mask == MaskKind::faces) {
      out_.mask_size = attack.number("mask_size", out_.mask_size, {.1, 10});
    } else if (attack.take("mask_size") != nullptr) {
      attack.fault("mask_size", "it is the size of the squares of mask = \"faces\"; leave it out");
    }
    out_.norm = choice<Norm>(attack, "norm", {"inf", "two"});
    out_.epsilon = out_.norm == Norm::inf ? attack.grey_levels("epsilon", 8) : attack.number("epsilon", 8, {0, 1e6});
    if (out_.norm == Norm::inf && out_.epsilon >= 0 && out_.epsilon < 1) {
      const std::string said = shortest(out_.epsilon), meant = shortest(std::round(out_.epsilon * 2550) / 10);
      attack.fault("epsilon", "'epsilon' is " + said +
                                  ", and is in grey levels, of which whole ones count: 1 to 255. " + said +
                                  " of the whole range is " + meant + "; \"8/255\" is 8");
    }
    if (out_.subject == SubjectKind::crop && out_.norm == Norm::two) {
      attack.fault("norm",
                   "subject = \"crop\" is enlarged when it is pasted back, so a 2-norm says nothing: norm = \"inf\"");
    }
    read_goal(attack);
    const auto if_said = [&](const char* key) {
      return attack.take(key) != nullptr ? std::optional(attack.number(key, 0)) : std::nullopt;
    };
    out_.stop_at = if_said("stop_at");
    out_.stop_at_margin = if_said("stop_at_margin");
    if (out_.stop_at && out_.stop_at_margin)
      attack.fault("stop_at_margin", "an attack ends by 'stop_at' or by 'stop_at_margin', not by both");
    out_.keep = choice<Keep>(attack, "keep", {"last", "best"});
    out_.restarts = attack.integer("restarts", 1, {1, 1000});
    out_.balance = choice<Balance>(attack, "balance", {"value", "gradient"});
    precision_ = choice<layers::Precision>(attack, "precision", precisions);
    out_.own = choice<Own>(attack, "own", {"face", "photos"});
    if (out_.own == Own::photos && !root_.at_path("data.people"))
      attack.fault("own", "own = \"photos\" needs photos of the person: [data] people");
    if (const toml::node* node = attack.take("target")) read_targets(attack, *node);
    attack.finish();
  }

  void read_goal(TomlTable& attack) {
    const bool targeted = attack.has("target");
    const Goal usual = targeted ? Goal::impersonate : Goal::protect,
               other = targeted ? Goal::protect : Goal::impersonate;
    out_.goal = attack.choice("goal", {to_string(usual), to_string(other)}) == to_string(usual) ? usual : other;
    if (out_.goal == Goal::impersonate && !targeted)
      attack.fault("goal", "goal = \"impersonate\" needs somebody to be taken for: target = { choice = \"random\" }");
  }

  void read_targets(TomlTable& attack, const toml::node& node) {
    if (const toml::table* one = node.as_table()) return read_target(*one, "[attack.target]", "(photos)");
    if (!node.is_array_of_tables()) {
      attack.fault("target",
                   "'target' should be a table, target = { choice = \"furthest\" }, or a list of such, one a face from "
                   "left to right");
      return;
    }
    int number = 0;
    for (const toml::node& item : *node.as_array()) {
      const std::string header = "[[attack.target]]  # " + std::to_string(number++);
      read_target(*item.as_table(), header, "(photos " + std::to_string(number) + ")");
    }
  }

  void read_target(const toml::table& node, const std::string& header, const std::string& photos_name) {
    TomlTable target = opened(&node, header);
    TargetConfig config;
    config.place = target.place();
    using Choice = TargetConfig::Choice;
    config.choice = choice<Choice>(target, "choice", target_choices);
    if (config.choice == Choice::random) config.draw = target.integer("draw", 1, {1, 1e6});
    if (config.choice == Choice::gain) config.candidates = target.integer("candidates", 10, {2, 1000});
    if (config.choice == Choice::named) config.name = target.required_text("name");
    if (config.choice == Choice::photos) {
      config.name = photos_name;
      config.photos = files(target, "photos", target.required_texts("photos", "pictures of the target"), true);
    } else if (!root_.at_path("data.people")) {
      target.fault("choice", "choosing a target needs people: [data] people");
    }
    target.finish();
    out_.targets.push_back(std::move(config));
  }

  void read_loss(TomlTable& loss) {
    LossConfig config;
    config.models = loss.texts("models");
    check_models(loss, config.models);
    if (!judged_) {
      config.weight = loss.number("weight", 1, {-1e6, 1e6});
      const auto all = static_cast<double>(config.models.size());
      if (loss.take("draw_models") != nullptr)
        config.draw_models = loss.integer("draw_models", 1, {1, std::max(all, 1.)});
      config.plugin = read_plugin(loss, Kind::loss, plugins_);
    }
    out_.losses.push_back(std::move(config));
  }

  void read_augmentation(TomlTable& augment) {
    AugmentationConfig config;
    config.probability = augment.number("probability", 1, {0, 1});
    config.draws = augment.integer("draws", 1, {1, 1000});
    config.at = choice<Stage>(augment, "at", {"view", "picture"});
    config.plugin = read_plugin(augment, Kind::augmentation, plugins_);
    out_.augmentations.push_back(std::move(config));
  }

  void read_optimizer(TomlTable& optimizer) {
    if (!root_.contains("optimizer")) return fault(nullptr, "no [optimizer]: say how to attack");
    out_.optimizer = read_plugin(optimizer, Kind::optimizer, plugins_);
  }

  void read_evaluate(TomlTable& evaluate) {
    out_.evaluate_place = evaluate.place("models");
    out_.held_out = evaluate.texts("models");
    check_models(evaluate, out_.held_out);
    out_.false_accept_rate = evaluate.number("false_accept_rate", 1e-3, {1e-6, 1});
    for (const std::string& name : evaluate.texts("after")) {
      try {
        if (std::ranges::find(out_.after, name, &Degradation::name) == out_.after.end())
          out_.after.push_back(parse_degradation(name));
      } catch (const ConfigError& error) {
        evaluate.fault("after", error.what());
      }
    }
    evaluate.finish();
  }

  void read_output(TomlTable& output) {
    out_.encoding.format = choice<PictureFormat>(output, "format", {"png", "jpeg"});
    if (out_.encoding.format == PictureFormat::jpeg) {
      out_.encoding.quality = static_cast<int>(output.integer("quality", 95, {1, 100}));
    } else if (output.take("quality") != nullptr) {
      output.fault("quality", "'quality' is of a JPEG: say format = \"jpeg\" too");
    }
    out_.encoding.keeps_exif = output.choice("exif", {"drop", "keep"}) == "keep";
    out_.traces = output.flag("traces", true);
    output.finish();
  }

  void read_run(TomlTable& run) {
    out_.batch = run.integer("batch", usual_batch, {1, 1024});
    out_.threads = run.integer("threads", 0, {0, 1024});
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

  /// A model that is attacked has its own precision, or the attack's; what judges is asked in float32.
  void set_precisions() {
    for (auto& [name, config] : out_.models) {
      const bool attacked = std::ranges::any_of(out_.losses, [&name = name](const LossConfig& loss) {
        return std::ranges::find(loss.models, name) != loss.models.end();
      });
      if (!attacked) config.precision = layers::Precision::float32;
      if (attacked && !config.places.contains("precision")) config.precision = precision_;
    }
  }

  const toml::table& root_;
  std::string file_;
  const PluginLibrary& plugins_;
  bool judged_;  ///< rather than attacked with
  Found& found_;
  Diagnostics& diagnostics_;
  layers::Precision precision_ = layers::Precision::float32;
  Experiment out_;
};

}  // namespace

std::string to_string(Goal goal) {
  return goal == Goal::impersonate ? "impersonate" : "protect";
}

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
  Found found;
  for (const Variant::Setting& swept : document.variants().front().settings) {
    static const std::set<std::string> of_the_run = {"name", "device", "run.batch", "run.threads"};
    if (of_the_run.contains(swept.key))
      diagnostics.add(document.place_of_key(swept), "'" + swept.key + "' can't be swept: all variants share it");
  }
  for (const Variant& variant : document.variants()) {
    const toml::table root = document.tables(variant);
    experiments.push_back(Reader(root, document, plugins, purpose, found, diagnostics).read());
    experiments.back().variant = variant.name;
    experiments.back().choices = variant.choices;
  }
  diagnostics.throw_if_any();
  return experiments;
}

}  // namespace faceoff
