#include "compare/formats.hpp"

#include <cmath>
#include <utility>

#include "base/json.hpp"

namespace faceoff {

namespace {

Json number(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json interval(const Estimate& estimate) {
  if (std::isnan(estimate.low)) return nullptr;
  return {rounded(estimate.low), rounded(estimate.high)};
}

Json difference_json(const Difference& difference, bool share) {
  Json json = {{"n", difference.n},
               {"pictures", difference.pictures},
               {"value", rounded(difference.value.value)},
               {"interval", interval(difference.value)},
               {"interval_method", share ? "agresti-min" : "bootstrap"},
               {"interval_by_picture", interval(difference.by_picture)},
               {"test", difference.test},
               {"p", number(difference.p)},
               {"p_holm", number(difference.p_holm)},
               {"p_by_picture", number(difference.p_by_picture)},
               {"p_by_picture_holm", number(difference.p_by_picture_holm)},
               {"effect", share ? "cohens_g" : "rank_biserial"},
               {"effect_size", number(difference.effect)}};
  if (!share) return json;
  json["gained"] = difference.gained;
  json["lost"] = difference.lost;
  json["odds_ratio"] = number(difference.odds_ratio);
  return json;
}

Json row_json(const Row& row, const Plan& plan, bool share) {
  const Group& group = plan.groups[row.group];
  return {{"setting", group.setting},
          {"pooled", group.pooled},
          {"level", group.levels[row.level].name},
          {"n", row.n},
          {"pictures", row.pictures},
          {"value", rounded(row.value.value)},
          {"interval", interval(row.value)},
          {"interval_method", share ? "wilson" : "bootstrap"},
          {"clean", row.clean ? Json(rounded(row.clean->value)) : Json(nullptr)},
          {"clean_interval", row.clean ? interval(*row.clean) : Json(nullptr)},
          {"difference", row.difference ? difference_json(*row.difference, share) : Json(nullptr)}};
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

/// A field of a CSV file.
std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + "\"";
}

/// A field as JSON has it, but null is empty and text has no quotes that it does not need.
std::string field(const Json& value) {
  if (value.is_null()) return "";
  return quoted(value.is_string() ? value.get<std::string>() : value.dump());
}

std::string line_of(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& one : fields) line += (line.empty() ? "" : ",") + one;
  return line + "\r\n";
}

}  // namespace

std::string to_json(const Comparison& comparison) {
  Json contestants = Json::array(), measures = Json::array();
  for (const Contestant& one : comparison.runs.contestants) {
    Json choices = Json::object();
    for (const auto& [key, value] : one.choices) choices[key] = value;
    contestants.push_back({{"label", one.label},
                           {"run", one.run},
                           {"variant", one.variant},
                           {"choices", choices},
                           {"pictures", one.pictures},
                           {"faces", one.faces},
                           {"no_face", one.without_face},
                           {"failed", one.failed}});
  }
  for (const Table& table : comparison.tables) {
    const Measure& measure = table.measure;
    Json rows = Json::array();
    for (const Row& row : table.rows) rows.push_back(row_json(row, comparison.plan, measure.is_share));
    measures.push_back({{"measure", measure.name},
                        {"kind", measure.is_share ? "share" : "mean"},
                        {"of", measure.of_faces() ? "faces" : "pictures"},
                        {"judge", text_or_null(measure.judge)},
                        {"role", text_or_null(measure.role)},
                        {"sha256", text_or_null(measure.weights)},
                        {"threshold", number(measure.threshold)},
                        {"false_accept_rate", number(measure.false_accept_rate)},
                        {"rows", rows}});
  }
  const Json all = {{"by", text_or_null(comparison.plan.by)},
                    {"baseline", comparison.plan.baseline},
                    {"resamples", resamples},
                    {"variants", contestants},
                    {"measures", measures},
                    {"notes", comparison.runs.notes}};
  return to_text(all, 2) + "\n";
}

std::string to_csv(const Comparison& comparison) {
  // What a row and its difference hold, under these names.
  const std::vector<const char*> plain = {"setting", "pooled", "level", "n", "pictures", "value"};
  const std::vector<std::pair<const char*, const char*>> of_difference = {{"pairs", "n"},
                                                                          {"paired_pictures", "pictures"},
                                                                          {"difference", "value"},
                                                                          {"gained", "gained"},
                                                                          {"lost", "lost"},
                                                                          {"test", "test"},
                                                                          {"p", "p"},
                                                                          {"p_holm", "p_holm"},
                                                                          {"p_by_picture", "p_by_picture"},
                                                                          {"p_by_picture_holm", "p_by_picture_holm"},
                                                                          {"effect", "effect"},
                                                                          {"effect_size", "effect_size"},
                                                                          {"odds_ratio", "odds_ratio"}};
  std::vector<std::string> header = {"measure", "of", "judge", "role", "sha256", "threshold", "false_accept_rate"};
  header.insert(header.end(), plain.begin(), plain.end());
  for (const char* name : {"low", "high", "clean", "clean_low", "clean_high", "baseline"}) header.emplace_back(name);
  for (const auto& [name, key] : of_difference) header.emplace_back(name);
  for (const char* name : {"difference_low", "difference_high", "by_picture_low", "by_picture_high"})
    header.emplace_back(name);
  std::string text = line_of(header);
  for (const Table& table : comparison.tables) {
    const Measure& measure = table.measure;
    for (const Row& row : table.rows) {
      const Json json = row_json(row, comparison.plan, measure.is_share), &difference = json.at("difference");
      std::vector<std::string> fields = {measure.name,
                                         measure.of_faces() ? "faces" : "pictures",
                                         quoted(measure.judge),
                                         measure.role,
                                         measure.weights,
                                         field(number(measure.threshold)),
                                         field(number(measure.false_accept_rate))};
      const auto add_interval = [&](const Json& of, const char* key) {
        const bool known = of.is_object() && of.at(key).is_array();
        for (const std::size_t end : {0U, 1U}) fields.push_back(known ? field(of.at(key).at(end)) : "");
      };
      for (const char* key : plain) fields.push_back(field(json.at(key)));
      add_interval(json, "interval");
      fields.push_back(field(json.at("clean")));
      add_interval(json, "clean_interval");
      fields.push_back(quoted(comparison.plan.baseline));
      for (const auto& [name, key] : of_difference)
        fields.push_back(difference.is_object() && difference.contains(key) ? field(difference.at(key)) : "");
      add_interval(difference, "interval");
      add_interval(difference, "interval_by_picture");
      text += line_of(fields);
    }
  }
  return text;
}

}  // namespace faceoff
