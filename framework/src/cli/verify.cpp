// faceoff verify: whether two pictures show the same person.
#include <ATen/core/Tensor.h>

#include "base/json.hpp"
#include "base/numbers.hpp"
#include "base/one_line.hpp"
#include "cli/commands.hpp"
#include "cli/named_models.hpp"
#include "cli/process.hpp"

namespace faceoff {

namespace {

/// The photo's faces, of which there has to be one.
Portrait portrait(const std::string& file, const Portraying& by) {
  Portrait portrait = portray(by, file);
  if (portrait.faces.empty()) throw PictureError(one_line(file) + ": no face found");
  return portrait;
}

int verify(const Arguments& given) {
  const std::vector<std::string> files = given.texts("picture");
  if (files.size() != 2) throw ConfigError("verify needs two pictures: faceoff verify A B");
  for (const std::string& file : files) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) throw ConfigError("no picture " + one_line(file));
    if (!std::filesystem::is_regular_file(file, ignored))
      throw ConfigError(one_line(file) + ": not a regular file, and verify compares two pictures");
  }
  const double rate = given.false_accept_rate();
  NamedModels models(given);
  const Portraying by = portraying(given, models);
  const Portrait a = portrait(files[0], by), b = portrait(files[1], by);
  Json json = {{"pictures", files}, {"false_accept_rate", rate}, {"models", Json::array()}};
  std::string text;
  for (const Portrait* one : {&a, &b}) {
    if (one->faces.size() > 1)
      text += one_line(files[one == &a ? 0 : 1]) + ": the best of " + std::to_string(one->faces.size()) +
              " faces is compared\n";
  }
  for (const LoadedModel* model : by.models) {
    const double cosine = a.best().embeddings.at(model)[0].dot(b.best().embeddings.at(model)[0]).item<double>();
    const std::optional<double> threshold = model->threshold(rate);
    Json verdict = {{"name", model->name}, {"cosine", cosine}, {"threshold", nullptr}, {"same", nullptr}};
    text += model->name + ": cosine " + fixed(cosine, 3);
    if (!threshold) {
      text += ", and no threshold at a false accept rate of " + shortest(rate) +
              " was measured for these weights and this view\n";
    } else {
      const bool same = cosine >= *threshold;
      verdict["threshold"] = *threshold;
      verdict["same"] = same;
      text += ", threshold " + fixed(*threshold, 3) + " at a false accept rate of " + shortest(rate) + ": " +
              (same ? "the same person\n" : "not the same\n");
    }
    json["models"].push_back(verdict);
  }
  print(given.has("json") ? to_text(json, 2) + "\n" : text);
  return static_cast<int>(ExitCode::done);
}

}  // namespace

Command verify_command() {
  return Command("faceoff verify A B",
                 "Whether two pictures show the same person: each one's best face, compared by each embedder.", verify)
      .operand("picture", -1)
      .flag("json", "as JSON, for programs")
      .number("false-accept-rate", "of the threshold: 0.01, 0.001 or 0.0001", 1e-3)
      .with(add_portraying_options);
}

}  // namespace faceoff
