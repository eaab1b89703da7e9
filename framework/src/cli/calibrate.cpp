// faceoff calibrate: what embedders' cosines are worth on a folder of people, and the thresholds that follow.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <iostream>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/numbers.hpp"
#include "base/one_line.hpp"
#include "cli/commands.hpp"
#include "cli/named_models.hpp"
#include "cli/process.hpp"
#include "faces/gallery.hpp"
#include "judge/recognition.hpp"
#include "judge/verification.hpp"
#include "report/page.hpp"
#include "report/roc.hpp"
#include "report/tables.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

constexpr const char* plot_name = "calibration.html";

Json estimate_json(const Estimate& estimate) {
  return Json::array({estimate.low, estimate.high});
}

/// On how much it was measured.
std::vector<std::pair<const char*, std::int64_t>> sizes(const Performance& performance, const Gallery& gallery) {
  return {{"people", performance.people},
          {"pictures", gallery.counts().pictures},
          {"faces_found", gallery.counts().found},
          {"same_pairs", performance.same},
          {"different_pairs", performance.different}};
}

Json performance_json(const LoadedModel& model, const Performance& performance, const Gallery& gallery) {
  Json json = {{"accuracy", performance.accuracy.value},
               {"accuracy_interval", estimate_json(performance.accuracy)},
               {"auc", performance.auc.value},
               {"auc_interval", estimate_json(performance.auc)},
               {"best_threshold", performance.best_threshold},
               {"far", Json::object()},
               {"weights", model.weights.filename().string()},
               {"sha256", model.sha256},
               {"view", to_string(model.view.crop)}};
  for (const auto& [key, size] : sizes(performance, gallery)) json[key] = size;
  for (const auto& [name, rate] : false_accept_rates) {
    const auto at = performance.at_rate.find(rate);
    if (at == performance.at_rate.end()) {
      json["far"][name] = nullptr;
      continue;
    }
    json["far"][name] = {{"threshold", at->second.threshold},
                         {"tar", at->second.tar.value},
                         {"interval", estimate_json(at->second.tar)}};
  }
  return json;
}

std::string performance_text(const LoadedModel& model, const Performance& performance, const Gallery& gallery) {
  std::string text = model.name + " (" + to_string(model.view.crop) + ", " + model.weights.filename().string() + ")\n";
  text += "  faces found on " + std::to_string(gallery.counts().found) + " of " +
          std::to_string(gallery.counts().pictures) + " pictures; " + std::to_string(performance.people) + " people, " +
          std::to_string(performance.same) + " same and " + std::to_string(performance.different) +
          " different pairs\n";
  text += "  accuracy " + with_interval(performance.accuracy) + " at cosine " + fixed(performance.best_threshold, 3) +
          ", AUC " + with_interval(performance.auc) + "\n";
  for (const auto& [name, rate] : false_accept_rates) {
    const auto at = performance.at_rate.find(rate);
    text += "  false accept rate " + std::string(name) + ": ";
    text += at == performance.at_rate.end() ? "too few different pairs to measure it\n"
                                            : "cosine " + fixed(at->second.threshold, 3) + ", true accept rate " +
                                                  with_interval(at->second.tar) + "\n";
  }
  return text;
}

std::string interval_toml(const Estimate& estimate) {
  return "[" + fixed(estimate.low, 4) + ", " + fixed(estimate.high, 4) + "]";
}

/// The [[view]] that a later evaluation finds the thresholds in.
std::string view_toml(const LoadedModel& model, const Performance& performance, const Gallery& gallery) {
  // Whoever shares its training; of weights that nobody measured before, nothing is known.
  const std::string family = model.family.empty() ? model.weights.stem().string() : model.family;
  std::string text = "[[view]]\nweights = " + to_toml(model.weights.filename().string()) +
                     "\nsha256 = " + to_toml(model.sha256) + "\nfamily = " + to_toml(family) +
                     "\ncrop = " + to_toml(to_string(model.view.crop)) +
                     "\nsize = " + std::to_string(model.view.height) + "\n";
  if (const auto* box = std::get_if<BoxCrop>(&model.view.crop))
    text += "scale = " + to_toml(box->scale) + "\ndown = " + to_toml(box->down) + "\n";
  for (const auto& [key, size] : sizes(performance, gallery))
    text += std::string(key) + " = " + std::to_string(size) + "\n";
  text += "accuracy = " + fixed(performance.accuracy.value, 4) +
          "\naccuracy_interval = " + interval_toml(performance.accuracy) +
          "\nbest_threshold = " + fixed(performance.best_threshold, 4) + "\nauc = " + fixed(performance.auc.value, 4) +
          "\nauc_interval = " + interval_toml(performance.auc) + "\n[view.far]\n";
  for (const auto& [name, rate] : false_accept_rates) {
    const auto at = performance.at_rate.find(rate);
    if (at == performance.at_rate.end()) continue;
    text += std::string("\"") + name + "\" = { threshold = " + fixed(at->second.threshold, 4) +
            ", tar = " + fixed(at->second.tar.value, 4) + ", interval = " + interval_toml(at->second.tar) + " }\n";
  }
  return text;
}

/// Where a model's thresholds go. Before anything is measured, which takes minutes: the folder is there, and the file,
/// and the plot beside it, can be kept and written.
fs::path prepared_place(const Arguments& given, const LoadedModel& model) {
  if (model.weights.empty())
    throw ConfigError("'" + model.name + "' has no weights file, and thresholds belong to one");
  const fs::path folder = given.has("out") ? fs::path(given.text("out")) : model.weights.parent_path();
  const fs::path file = folder / (model.weights.stem().string() + ".toml");
  make_folder(folder);
  check_place(file);
  std::error_code ignored;
  if (fs::exists(file, ignored)) read_calibration_file(file);
  check_place(folder / plot_name);
  return file;
}

int calibrate(const Arguments& given) {
  if (given.has("out") && given.text("out").empty()) throw ConfigError("--out: name a folder");
  NamedModels models(given);
  const Portraying by = portraying(given, models);
  std::vector<fs::path> files;
  for (const LoadedModel* model : by.models) files.push_back(prepared_place(given, *model));
  const Gallery gallery = read_people(by, {given.text("people")});
  if (gallery.people().empty())
    throw ConfigError("no face was found on any of the " + std::to_string(gallery.counts().pictures) +
                      " pictures of people");

  std::vector<double> values = roc_rates();
  for (const auto& [name, rate] : false_accept_rates) values.push_back(rate);
  std::vector<RocLine> measured;
  for (const LoadedModel* model : by.models) {
    std::vector<at::Tensor> embeddings;
    for (const Person& person : gallery.people()) embeddings.push_back(person.embeddings.at(model));
    measured.push_back({model->name, verify_all_pairs(embeddings, values)});
  }

  Json json = Json::object();
  std::string text;
  for (std::size_t m = 0; m < measured.size(); ++m) {
    const LoadedModel& model = *by.models[m];
    const Performance& performance = measured[m].performance;
    json[model.name] = performance_json(model, performance, gallery);
    text += performance_text(model, performance, gallery);
    keep_calibration(files[m], view_toml(model, performance, gallery));
    std::cerr << one_line(files[m].string()) << ": written\n";
  }
  const fs::path plot = files.front().parent_path() / plot_name;
  const std::vector<std::string> scripts = plot_scripts();
  write_atomically(plot, roc_page(measured, scripts));
  if (scripts.empty())
    std::cerr << plot_name << " has no plot: the program was built without Vega; scripts/bootstrap gets it\n";
  std::cerr << one_line(plot.string()) << ": written\n";
  print(given.has("json") ? to_text(json, 2) + "\n" : text);
  return static_cast<int>(ExitCode::done);
}

}  // namespace

Command calibrate_command() {
  return Command(
             "faceoff calibrate --people DIR",
             "What embedders' cosines are worth: accuracy, AUC and thresholds from all pairs of the people's faces.",
             calibrate)
      .text("people", "a folder with a folder a person (LFW's layout), or a file of faceoff embed")
      .needs({"people"}, "calibrate needs people")
      .texts("models", "embedders, as --model, several at once", true)
      .flag("json", "as JSON, for programs")
      .text("out", "where the thresholds and the plot go; else beside the weights")
      .with(add_portraying_options);
}

}  // namespace faceoff
