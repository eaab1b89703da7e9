// faceoff calibrate: what embedders' cosines are worth on a folder of people, and the thresholds that follow.
#include "evaluate/calibrate.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <boost/program_options/value_semantic.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>

#include "attack/gallery.hpp"
#include "cli/commands.hpp"
#include "cli/named_models.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "host/exception.hpp"
#include "host/run_folder.hpp"
#include "picture/files.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

const std::vector<std::pair<std::string, double>> rates = {{"1e-2", 1e-2}, {"1e-3", 1e-3}, {"1e-4", 1e-4}};

Json estimate_json(const Estimate& estimate) {
  return Json::array({estimate.low, estimate.high});
}

Json worth_json(const LoadedModel& model, const Worth& worth, const Gallery& gallery) {
  Json json = {{"accuracy", worth.accuracy.value},
               {"accuracy_interval", estimate_json(worth.accuracy)},
               {"auc", worth.auc.value},
               {"auc_interval", estimate_json(worth.auc)},
               {"best_threshold", worth.best_threshold},
               {"far", Json::object()},
               {"weights", model.weights.filename().string()},
               {"sha256", model.sha256},
               {"view", to_string(model.view.crop)},
               {"people", worth.people},
               {"pictures", gallery.pictures()},
               {"faces_found", gallery.found()},
               {"same_pairs", worth.same},
               {"different_pairs", worth.different}};
  for (const auto& [name, rate] : rates) {
    const auto at = worth.at_rate.find(rate);
    if (at == worth.at_rate.end()) {
      json["far"][name] = nullptr;
      continue;
    }
    json["far"][name] = {{"threshold", at->second.threshold},
                         {"tar", at->second.tar.value},
                         {"interval", estimate_json(at->second.tar)}};
  }
  return json;
}

std::string fixed(double value, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string with_interval(const Estimate& estimate) {
  return fixed(estimate.value, 3) + " [" + fixed(estimate.low, 3) + ", " + fixed(estimate.high, 3) + "]";
}

std::string worth_text(const LoadedModel& model, const Worth& worth, const Gallery& gallery) {
  std::string text = model.name + " (" + to_string(model.view.crop) + ", " + model.weights.filename().string() + ")\n";
  text += "  faces found on " + std::to_string(gallery.found()) + " of " + std::to_string(gallery.pictures()) +
          " pictures; " + std::to_string(worth.people) + " people, " + std::to_string(worth.same) + " same and " +
          std::to_string(worth.different) + " different pairs\n";
  text += "  accuracy " + with_interval(worth.accuracy) + " at cosine " + fixed(worth.best_threshold, 3) + ", AUC " +
          with_interval(worth.auc) + "\n";
  for (const auto& [name, rate] : rates) {
    const auto at = worth.at_rate.find(rate);
    text += "  false accept rate " + name + ": ";
    text += at == worth.at_rate.end() ? "too few different pairs to measure it\n"
                                      : "cosine " + fixed(at->second.threshold, 3) + ", true accept rate " +
                                            with_interval(at->second.tar) + "\n";
  }
  return text;
}

/// The file that a later evaluation finds the thresholds in.
std::string calibration_toml(const LoadedModel& model, const Worth& worth, const Gallery& gallery) {
  std::string text = "# Similarity thresholds, measured by `faceoff calibrate`: faces found on " +
                     std::to_string(gallery.found()) + " of " + std::to_string(gallery.pictures()) + " pictures of " +
                     std::to_string(worth.people) + " people,\n# " + std::to_string(worth.same) + " same and " +
                     std::to_string(worth.different) + " different pairs.\n";
  text += "weights = " + to_toml(model.weights.filename().string()) + "\nsha256 = " + to_toml(model.sha256) +
          "\nfamily = " + to_toml(model.calibration != nullptr ? model.calibration->family : model.plugin) + "\n\n";
  text += "[[view]]\ncrop = " + to_toml(to_string(model.view.crop)) + "\nsize = " + std::to_string(model.view.height) +
          "\n";
  if (const auto* box = std::get_if<BoxCrop>(&model.view.crop))
    text += "scale = " + to_toml(box->scale) + "\ndown = " + to_toml(box->down) + "\n";
  text += "accuracy = " + fixed(worth.accuracy.value, 4) + "\nauc = " + fixed(worth.auc.value, 4) + "\n[view.far]\n";
  for (const auto& [name, rate] : rates) {
    const auto at = worth.at_rate.find(rate);
    if (at == worth.at_rate.end()) continue;
    text += "\"" + name + "\" = { threshold = " + fixed(at->second.threshold, 4) +
            ", tar = " + fixed(at->second.tar.value, 4) + " }\n";
  }
  return text;
}

/// True against false accept rate, the latter in powers of ten.
std::string roc_svg(const std::vector<std::pair<const LoadedModel*, Worth>>& measured) {
  constexpr double width = 640, height = 440, left = 60, top = 20, right = 620, bottom = 380;
  constexpr double lowest = -5;  // 1e-5
  constexpr std::array colours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};
  const auto x = [&](double rate) {
    return left + (right - left) * (std::log10(std::max(rate, std::pow(10, lowest))) - lowest) / -lowest;
  };
  const auto y = [&](double share) { return bottom - (bottom - top) * share; };
  const auto label = [](double at_x, double at_y, const std::string& anchor, const std::string& text) {
    return "<text x=\"" + fixed(at_x, 1) + "\" y=\"" + fixed(at_y, 1) + "\" text-anchor=\"" + anchor + "\">" + text +
           "</text>\n";
  };
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + fixed(width, 0) + " " +
                    fixed(height, 0) + "\" font-family=\"sans-serif\" font-size=\"13\">\n" +
                    "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
  for (int power = static_cast<int>(lowest); power <= 0; ++power) {
    const double at = x(std::pow(10, power));
    svg += "<line x1=\"" + fixed(at, 1) + "\" x2=\"" + fixed(at, 1) + "\" y1=\"" + fixed(top, 0) + "\" y2=\"" +
           fixed(bottom, 0) + "\" stroke=\"#ddd\"/>\n" + label(at, bottom + 18, "middle", "1e" + std::to_string(power));
  }
  for (int tenth = 0; tenth <= 10; tenth += 2) {
    const double at = y(tenth / 10.);
    svg += "<line x1=\"" + fixed(left, 0) + "\" x2=\"" + fixed(right, 0) + "\" y1=\"" + fixed(at, 1) + "\" y2=\"" +
           fixed(at, 1) + "\" stroke=\"#ddd\"/>\n" + label(left - 8, at + 4, "end", fixed(tenth / 10., 1));
  }
  svg += label((left + right) / 2, bottom + 40, "middle", "false accept rate");
  svg += "<text transform=\"translate(18 " + fixed((top + bottom) / 2, 0) +
         ") rotate(-90)\" text-anchor=\"middle\">true accept rate</text>\n";
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const std::string colour = colours.at(i % colours.size());
    svg += "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"" + colour + "\" points=\"";
    for (const auto& [rate, share] : measured[i].second.roc) svg += fixed(x(rate), 1) + "," + fixed(y(share), 1) + " ";
    svg += "\"/>\n<text fill=\"" + colour + "\" x=\"" + fixed(right - 10, 0) + "\" y=\"" +
           fixed(bottom - 14 - 18 * static_cast<double>(measured.size() - 1 - i), 0) + "\" text-anchor=\"end\">" +
           measured[i].first->name + ", AUC " + fixed(measured[i].second.auc.value, 3) + "</text>\n";
  }
  return svg + "</svg>\n";
}

}  // namespace

int calibrate_command(std::vector<std::string> args) {
  po::options_description shown("faceoff calibrate --people DIR");
  shown.add_options()          //
      ("help,h", "show this")  //
      ("people", po::value<std::string>(),
       "a folder with a folder a person (LFW's layout), or a file of faceoff embed")                             //
      ("models", po::value<std::vector<std::string>>()->multitoken(), "embedders, as --model, several at once")  //
      ("json", "as JSON, for programs")                                                                          //
      ("out", po::value<std::string>(), "where the thresholds and the plot go; else beside the weights");
  add_portraying_options(shown);
  NamedModels::add_options(shown);
  const po::variables_map given = parse_options(args, shown, {});
  if (given.contains("help")) {
    std::ostringstream text;
    text << "What embedders' cosines are worth: accuracy, AUC and thresholds from all pairs of the people's faces.\n\n"
         << shown;
    print(text.str());
    return static_cast<int>(ExitCode::done);
  }
  if (!given.contains("people")) throw ConfigError("calibrate needs people: faceoff calibrate --people DIR");
  NamedModels models(given);
  const Portraying by = portraying(given, models);
  const Gallery gallery = read_people(by, {given["people"].as<std::string>()});
  if (gallery.people().empty())
    throw ConfigError("no face was found on any of the " + std::to_string(gallery.pictures()) + " pictures of people");

  std::vector<std::pair<const LoadedModel*, Worth>> measured;
  std::vector<double> values;
  for (const auto& [name, rate] : rates) values.push_back(rate);
  Json json = Json::object();
  std::string text;
  for (const LoadedModel* model : by.models) {
    std::vector<at::Tensor> embeddings;
    for (const Person& person : gallery.people()) embeddings.push_back(person.embeddings.at(model));
    const Worth worth = measure_worth(embeddings, values);
    json[model->name] = worth_json(*model, worth, gallery);
    text += worth_text(*model, worth, gallery);
    const fs::path folder =
        given.contains("out") ? fs::path(given["out"].as<std::string>()) : model->weights.parent_path();
    const fs::path file = folder / (model->weights.stem().string() + ".toml");
    std::error_code error;
    fs::create_directories(folder, error);
    write_atomically(file, calibration_toml(*model, worth, gallery));
    std::cerr << file.string() << ": written\n";
    measured.emplace_back(model, worth);
  }
  const fs::path plot =
      (given.contains("out") ? fs::path(given["out"].as<std::string>()) : by.models.front()->weights.parent_path()) /
      "calibration.svg";
  write_atomically(plot, roc_svg(measured));
  std::cerr << plot.string() << ": written\n";
  print(given.contains("json") ? json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n" : text);
  return static_cast<int>(ExitCode::done);
}

}  // namespace faceoff
