#include "compare/formats.hpp"

#include <boost/algorithm/string/replace.hpp>

#include <array>
#include <cmath>

#include "base/lists.hpp"
#include "judge/record.hpp"

namespace faceoff {

namespace {

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
               {"interval_by_picture", difference.by_picture ? interval(*difference.by_picture) : Json(nullptr)},
               {"test", difference.test.name},
               {"p", difference.test.p},
               {"p_holm", difference.p_holm},
               {"p_by_picture", difference.p_by_picture},
               {"p_by_picture_holm", difference.p_by_picture_holm},
               {"effect", share ? "cohens_g" : "rank_biserial"},
               {"effect_size", difference.test.effect}};
  if (!share) return json;
  const auto gained = static_cast<double>(difference.gained), lost = static_cast<double>(difference.lost);
  json["gained"] = difference.gained;
  json["lost"] = difference.lost;
  json["odds_ratio"] = lost > 0 ? Json(gained / lost) : Json(nullptr);
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

Json measure_json(const Measure& measure) {
  return {{"measure", measure.name},
          {"kind", measure.is_share ? "share" : "mean"},
          {"of", measure.of_faces() ? "faces" : "pictures"},
          {"judge", text_or_null(measure.judge)},
          {"role", text_or_null(measure.role)},
          {"sha256", text_or_null(measure.weights)},
          {"threshold", measure.threshold},
          {"false_accept_rate", measure.false_accept_rate}};
}

/// The columns of the CSV, and where each is in the JSON of a row and its measure.
constexpr std::array<std::pair<const char*, const char*>, 36> columns = {
    {{"measure", "/measure"},
     {"of", "/of"},
     {"judge", "/judge"},
     {"role", "/role"},
     {"sha256", "/sha256"},
     {"threshold", "/threshold"},
     {"false_accept_rate", "/false_accept_rate"},
     {"setting", "/setting"},
     {"pooled", "/pooled"},
     {"level", "/level"},
     {"n", "/n"},
     {"pictures", "/pictures"},
     {"value", "/value"},
     {"low", "/interval/0"},
     {"high", "/interval/1"},
     {"clean", "/clean"},
     {"clean_low", "/clean_interval/0"},
     {"clean_high", "/clean_interval/1"},
     {"baseline", "/baseline"},
     {"pairs", "/difference/n"},
     {"paired_pictures", "/difference/pictures"},
     {"difference", "/difference/value"},
     {"gained", "/difference/gained"},
     {"lost", "/difference/lost"},
     {"test", "/difference/test"},
     {"p", "/difference/p"},
     {"p_holm", "/difference/p_holm"},
     {"p_by_picture", "/difference/p_by_picture"},
     {"p_by_picture_holm", "/difference/p_by_picture_holm"},
     {"effect", "/difference/effect"},
     {"effect_size", "/difference/effect_size"},
     {"odds_ratio", "/difference/odds_ratio"},
     {"difference_low", "/difference/interval/0"},
     {"difference_high", "/difference/interval/1"},
     {"by_picture_low", "/difference/interval_by_picture/0"},
     {"by_picture_high", "/difference/interval_by_picture/1"}}};

/// A field as JSON has it, but nothing is empty and text has no quotes that it does not need.
std::string field(const Json& record, const Json::json_pointer& place) {
  if (!record.contains(place) || record.at(place).is_null()) return "";
  const Json& value = record.at(place);
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return "\"" + boost::replace_all_copy(text, "\"", "\"\"") + "\"";
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
    Json measure = measure_json(table.measure);
    measure["rows"] = Json::array();
    for (const Row& row : table.rows) measure["rows"].push_back(row_json(row, comparison.plan, table.measure.is_share));
    measures.push_back(measure);
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
  std::vector<std::string> names;
  std::vector<Json::json_pointer> places;
  for (const auto& [name, place] : columns) {
    names.emplace_back(name);
    places.emplace_back(place);
  }
  std::string text = joined(names, ",") + "\r\n";
  for (const Table& table : comparison.tables) {
    for (const Row& row : table.rows) {
      Json record = measure_json(table.measure);
      record.update(row_json(row, comparison.plan, table.measure.is_share));
      record["baseline"] = comparison.plan.baseline;
      std::vector<std::string> fields;
      for (const Json::json_pointer& place : places) fields.push_back(field(record, place));
      text += joined(fields, ",") + "\r\n";
    }
  }
  return text;
}

}  // namespace faceoff
