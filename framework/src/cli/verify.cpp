// faceoff verify: whether two pictures show the same person.
#include <ATen/core/Tensor.h>
#include <boost/program_options/value_semantic.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <optional>

#include "base/one_line.hpp"
#include "cli/commands.hpp"
#include "cli/named_models.hpp"
#include "cli/options.hpp"

namespace faceoff {

namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;

/// The photo's faces, of which there has to be one.
Portrait portrait(const std::string& file, const Portraying& by) {
  Portrait portrait = portray(by, file);
  if (portrait.faces.empty()) throw PictureError(one_line(file) + ": no face found");
  return portrait;
}

struct Verdict {
  std::string model;
  double cosine = 0;
  std::optional<double> threshold;
};

std::string text_of(const Verdict& verdict, double rate) {
  std::array<char, 160> text{};
  if (!verdict.threshold) {
    std::snprintf(text.data(), text.size(),
                  "%.3f, and no threshold at a false accept rate of %g was measured for these weights and this view",
                  verdict.cosine, rate);
  } else {
    std::snprintf(text.data(), text.size(), "%.3f, threshold %.3f at a false accept rate of %g: %s", verdict.cosine,
                  *verdict.threshold, rate, verdict.cosine >= *verdict.threshold ? "the same person" : "not the same");
  }
  return verdict.model + ": cosine " + text.data() + "\n";
}

std::string json_of(const std::array<std::string, 2>& files, const std::vector<Verdict>& verdicts, double rate) {
  Json json = {{"pictures", files}, {"false_accept_rate", rate}, {"models", Json::array()}};
  for (const Verdict& verdict : verdicts) {
    json["models"].push_back(
        {{"name", verdict.model},
         {"cosine", verdict.cosine},
         {"threshold", verdict.threshold ? Json(*verdict.threshold) : Json(nullptr)},
         {"same", verdict.threshold ? Json(verdict.cosine >= *verdict.threshold) : Json(nullptr)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int verify_command(std::vector<std::string> args) {
  po::options_description shown("faceoff verify A B");
  shown.add_options()                    //
      ("help,h", "show this")            //
      ("json", "as JSON, for programs")  //
      ("false-accept-rate", po::value<double>()->default_value(1e-3, "0.001"),
       "of the threshold: 0.01, 0.001 or 0.0001");
  add_portraying_options(shown);
  NamedModels::add_options(shown);
  const std::optional<po::variables_map> parsed = parse_pictures(
      args, shown, "Whether two pictures show the same person: each one's best face, compared by each embedder.");
  if (!parsed) return static_cast<int>(ExitCode::done);
  const po::variables_map& given = *parsed;
  const std::vector<std::string> files = list(given, "picture");
  if (files.size() != 2) throw ConfigError("verify needs two pictures: faceoff verify A B");
  for (const std::string& file : files) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) throw ConfigError("no picture " + one_line(file));
    if (!std::filesystem::is_regular_file(file, ignored))
      throw ConfigError(one_line(file) + ": not a regular file, and verify compares two pictures");
  }
  const double rate = given["false-accept-rate"].as<double>();
  if (!(rate > 0 && rate < 1)) throw ConfigError("--false-accept-rate: a number between 0 and 1, such as 0.001");
  NamedModels models(given);
  const Portraying by = portraying(given, models);
  const Portrait a = portrait(files[0], by), b = portrait(files[1], by);
  std::vector<Verdict> verdicts;
  for (const LoadedModel* model : by.models) {
    const double cosine = a.best().embeddings.at(model)[0].dot(b.best().embeddings.at(model)[0]).item<double>();
    Verdict verdict{model->name, cosine, {}};
    const double* threshold = model->calibration != nullptr ? model->calibration->threshold(rate) : nullptr;
    if (threshold != nullptr) verdict.threshold = *threshold;
    verdicts.push_back(verdict);
  }
  if (given.contains("json")) {
    print(json_of({files[0], files[1]}, verdicts, rate));
    return static_cast<int>(ExitCode::done);
  }
  std::string text;
  for (const Portrait* one : {&a, &b}) {
    if (one->faces.size() > 1)
      text += one_line(files[one == &a ? 0 : 1]) + ": the best of " + std::to_string(one->faces.size()) +
              " faces is compared\n";
  }
  for (const Verdict& verdict : verdicts) text += text_of(verdict, rate);
  print(text);
  return static_cast<int>(ExitCode::done);
}

}  // namespace faceoff
