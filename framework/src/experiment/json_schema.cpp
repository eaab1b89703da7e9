#include "experiment/json_schema.hpp"

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "faces/targets.hpp"

namespace faceoff {

namespace {

Json about(Json schema, const std::string& doc) {
  schema["description"] = doc;
  return schema;
}

Json text() {
  return {{"type", "string"}};
}

Json flag() {
  return {{"type", "boolean"}};
}

/// A number, whole or not, with bounds that belong to it.
Json number(const char* type, std::optional<double> low, std::optional<double> high) {
  const auto bound = [&](double value) {
    return value == std::floor(value) && std::abs(value) < 1e15 ? Json(static_cast<std::int64_t>(value)) : Json(value);
  };
  Json schema = {{"type", type}};
  if (low && std::isfinite(*low)) schema["minimum"] = bound(*low);
  if (high && std::isfinite(*high)) schema["maximum"] = bound(*high);
  return schema;
}

Json integer(double low, std::optional<double> high = {}) {
  return number("integer", low, high);
}

Json words(const std::vector<std::string>& all) {
  return {{"type", "string"}, {"enum", all}};
}

Json list(const Json& of) {
  return {{"type", "array"}, {"items", of}};
}

/// A list of strings, of which a single one may stand by itself.
Json texts(const Json& of = text()) {
  return {{"anyOf", {of, list(of)}}};
}

/// A table with these keys and no others.
Json table(Json properties) {
  return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

Json schema_of(const ParamInfo& param) {
  const Json word = param.choices.empty() ? text() : words(param.choices);
  Json schema = std::visit(
      [&](const auto& initial) -> Json {
        using T = std::decay_t<decltype(initial)>;
        if constexpr (std::is_same_v<T, bool>) return flag();
        if constexpr (std::is_same_v<T, std::int64_t>) return number("integer", param.low, param.high);
        if constexpr (std::is_same_v<T, double>) return number("number", param.low, param.high);
        if constexpr (std::is_same_v<T, std::string>) return word;
        if constexpr (std::is_same_v<T, std::vector<double>>) return list(number("number", param.low, param.high));
        if constexpr (std::is_same_v<T, std::vector<std::string>>) return texts(word);
      },
      param.initial);
  schema["default"] = std::visit([](const auto& initial) { return Json(initial); }, param.initial);
  return about(std::move(schema), param.doc + (param.unit.empty() ? "" : " (" + param.unit + ")"));
}

/// A table that names a plugin of a kind, beside keys of the host's. Without the plugin's name, which what the file
/// extends may say, nobody can tell its parameters.
Json plugin_table(const PluginLibrary& plugins, Kind kind, const Json& own) {
  std::vector<std::string> names;
  Json each = Json::array();
  for (const PluginInfo* info : plugins.all()) {
    if (info->kind != kind) continue;
    names.push_back(info->name);
    Json keys = own;
    keys["plugin"] = about({{"const", info->name}}, info->summary);
    for (const ParamInfo& param : info->params) keys[param.name] = schema_of(param);
    const Json named = {{"required", {"plugin"}}, {"properties", {{"plugin", {{"const", info->name}}}}}};
    each.push_back({{"if", named}, {"then", table(keys)}});
  }
  Json keys = own;
  keys["plugin"] = about(words(names), "the " + to_string(kind) + "'s plugin; faceoff plugins lists them");
  return {{"type", "object"}, {"properties", keys}, {"allOf", each}};
}

Json data_table() {
  return table(
      {{"pictures", about(texts(), "files, folders, patterns (*, ?, [], ** for folders at any depth)")},
       {"people", about(texts(), "a folder a person, photos of one person each, or a file of faceoff embed")}});
}

Json faces_table() {
  return table({{"detector", about(text(), "which of [models] finds the faces")},
                {"landmarks", about(text(), "which of [models] aligns them for recognisers")},
                {"minimum_score", about(number("number", 0, 1), "of a face")}});
}

Json target_table() {
  return table({{"choice", about(words(target_choices), "who a face is to be taken for")},
                {"draw", about(integer(1, 1e6), "for random: which of the face's draws")},
                {"candidates", about(integer(2, 1000), "for gain: people whom the face may be led to")},
                {"name", about(text(), "for named: one of [data] people")},
                {"photos", about(texts(), "for photos: pictures of the target")}});
}

Json attack_table() {
  const Json levels = {{"anyOf", {number("number", 0, 1e6), {{"type", "string"}, {"pattern", "^[0-9.]+/[0-9.]+$"}}}}};
  return table(
      {{"subject", about(words({"picture", "crop"}), "what is optimised")},
       {"mask", about(words({"picture", "faces"}), "what may change")},
       {"mask_size", about(number("number", .1, 10), "side of mask = \"faces\", in longer sides of a face's box")},
       {"norm", about(words({"inf", "two"}), "of the change")},
       {"epsilon", about(levels, "the largest change, in grey levels of 255; \"8/255\" is 8")},
       {"goal", about(words({"protect", "impersonate"}), "what counts as success")},
       {"target", about({{"anyOf", {target_table(), list(target_table())}}},
                        "who faces are to be taken for: one for all, or one a face from left to right")},
       {"stop_at", about(number("number", {}, {}), "a picture's attack ends once its objective is as low")},
       {"stop_at_margin", about(number("number", {}, {}), "or once its margin is as high")},
       {"keep", about(words({"last", "best"}), "which point is delivered")},
       {"restarts", about(integer(1, 1000), "attacks a picture, of which the best counts")},
       {"balance", about(words({"value", "gradient"}), "how attacked models count beside one another")},
       {"precision", about(words({"float32", "bfloat16"}), "of the attacked models' layers")},
       {"own", about(words({"face", "photos"}), "what the attack knows a person by")}});
}

Json evaluate_table() {
  return table({{"models", about(texts(), "which of [models] judge and are not attacked")},
                {"false_accept_rate", about(number("number", 1e-6, 1), "at which thresholds are taken")},
                {"after", about(texts(), "what is done to pictures before: \"png\", \"jpeg:75\", \"resize:0.5\"")}});
}

Json output_table() {
  return table({{"format", about(words({"png", "jpeg"}), "of delivered pictures")},
                {"quality", about(integer(1, 100), "of a JPEG")},
                {"exif", about(words({"drop", "keep"}), "what becomes of a photo's EXIF")},
                {"traces", about(flag(), "write down each step's objective and margin")}});
}

Json run_table() {
  return table({{"batch", about(integer(1, 1024), "pictures attacked together")},
                {"threads", about(integer(0, 1024), "of a process; 0: OMP_NUM_THREADS, or a core each")}});
}

}  // namespace

Json experiment_schema(const PluginLibrary& plugins) {
  const Json precision = about(words({"float32", "bfloat16"}), "of its layers while it is attacked");
  const Json loss = {{"models", about(texts(), "which of [models] it attacks; none: it is of the picture's pixels")},
                     {"weight", about(number("number", -1e6, 1e6), "what it counts beside the others")},
                     {"draw_models", about(integer(1), "how many of them count in a step, drawn at random")}};
  const Json augment = {{"probability", about(number("number", 0, 1), "that a row is changed")},
                        {"draws", about(integer(1, 1000), "how many draws are averaged")},
                        {"at", about(words({"view", "picture"}), "where it is applied")}};
  const Json models = {{"type", "object"},
                       {"additionalProperties", plugin_table(plugins, Kind::model, {{"precision", precision}})}};
  const Json values = {{"type", "array"}, {"minItems", 1}};
  const Json together = {{"type", "object"}, {"additionalProperties", values}};
  const Json zip = about({{"anyOf", {together, list(together)}}}, "lists that go together, a value of each at a time");
  const Json sweep = {{"type", "object"}, {"properties", {{"zip", zip}}}, {"additionalProperties", values}};
  Json schema = table(
      {{"extends", about(texts(), "experiments that this one is put over")},
       {"name", about(text(), "of the run's folder; else the file's")},
       {"seed", about(integer(0), "of all random numbers")},
       {"device", about(text(), "cpu, cuda or cuda:0")},
       {"data", about(data_table(), "what is attacked, and whom recognisers know")},
       {"models", about(models, "a table a model: [models.NAME]")},
       {"faces", about(faces_table(), "who finds the faces")},
       {"attack", about(attack_table(), "what may change, by how much, and what for")},
       {"loss", about(list(plugin_table(plugins, Kind::loss, loss)), "what is minimised")},
       {"augment", about(list(plugin_table(plugins, Kind::augmentation, augment)), "random transforms, in this order")},
       {"optimizer", about(plugin_table(plugins, Kind::optimizer, Json::object()), "how")},
       {"evaluate", about(evaluate_table(), "who judges")},
       {"output", about(output_table(), "how pictures are delivered")},
       {"run", about(run_table(), "how it is computed")},
       {"sweep", about(sweep, "a variant each: \"attack.epsilon\" = [4, 8]")}});
  schema["$schema"] = "http://json-schema.org/draft-07/schema#";
  schema["title"] = "A Face/Off experiment";
  return schema;
}

}  // namespace faceoff
