#pragma once

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "experiment/experiment.hpp"
#include "experiment/experiment_files.hpp"
#include "plugins/plugin_config.hpp"

namespace faceoff {

inline const std::string good =
    "name = \"good\"\n"                              // 1
    "seed = 5\n"                                     // 2
    "[data]\n"                                       // 3
    "pictures = [\"models/samples/sample1.jpg\"]\n"  // 4
    "[models.ssd]\n"                                 // 5
    "plugin = \"ssd_mobilenet_v1\"\n"                // 6
    "[faces]\n"                                      // 7
    "detector = \"ssd\"\n"                           // 8
    "[attack]\n"                                     // 9
    "epsilon = 8\n"                                  // 10
    "[[loss]]\n"                                     // 11
    "plugin = \"detection\"\n"                       // 12
    "models = [\"ssd\"]\n"                           // 13
    "[optimizer]\n"                                  // 14
    "plugin = \"pgd\"\n"                             // 15
    "steps = 40\n";                                  // 16

/// The same with two budgets.
inline const std::string swept =
    good + "[sweep]\n\"attack.epsilon\" = [8, 12, 16]\n\"loss.0.area\" = [false, true]\n";  // lines 17 to 19

using Sets = std::vector<std::string>;

/// An experiment as the host reads it.
struct Read {
  explicit Read(const std::string& text, Sets sets = {})
      : file(text), document(file.path, std::move(sets)), variants(read_experiments(document, tree_plugins())) {}
  const Experiment& first() const { return variants.front(); }

  ExperimentFile file;
  Document document;
  std::vector<Experiment> variants;
};

inline ParamValue param(const PluginConfig& config, const std::string& name) {
  for (const auto& [info, value] : config.params) {
    if (info->name == name) return value;
  }
  throw std::runtime_error("no parameter " + name);
}

inline std::vector<std::string> names(const Document& document) {
  std::vector<std::string> all;
  for (const Variant& variant : document.variants()) all.push_back(variant.name);
  return all;
}

/// What is said of an experiment, with the file called FILE.
inline std::string complaint(const std::string& text, Sets sets = {}) {
  const ExperimentFile file(text);
  std::string message = error_of<ConfigError>([&] {
    const Document document(file.path, std::move(sets));
    read_experiments(document, tree_plugins());
  });
  const std::string path = file.path.string();
  for (std::size_t at = message.find(path); at != std::string::npos; at = message.find(path, at)) {
    message.replace(at, path.size(), "FILE");
  }
  return message;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

inline std::string values_of(const Experiment& experiment) {
  return to_toml({{experiment.variant, &experiment.resolved}});
}

/// `text` with a line after the line `after`.
inline std::string with_line(const std::string& after, const std::string& line, std::string text = good) {
  const std::size_t at = text.find(after + "\n");
  if (at == std::string::npos) throw std::runtime_error("no line " + after);
  return text.insert(at + after.size() + 1, line + "\n");
}

}  // namespace faceoff
