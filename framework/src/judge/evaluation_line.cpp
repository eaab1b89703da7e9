#include "judge/evaluation_line.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/one_line.hpp"

namespace faceoff {

namespace {

template <class T, class Convert>
Json both(const BeforeAfter<T>& values, const Convert& convert) {
  return Json::array({convert(values[0]), convert(values[1])});
}

/// A list, an entry each.
template <class T, class Convert>
Json list(const std::vector<T>& values, const Convert& convert) {
  Json json = Json::array();
  for (const T& value : values) json.push_back(convert(value));
  return json;
}

/// Null where there is nothing.
template <class T, class Convert>
Json if_any(const std::optional<T>& value, const Convert& convert) {
  return value ? Json(convert(*value)) : Json(nullptr);
}

template <class Convert>
auto read_both(const Json& json, const Convert& convert) -> BeforeAfter<decltype(convert(json))> {
  if (json.size() != 2) throw Error("not a pair");
  return {convert(json.at(0)), convert(json.at(1))};
}

template <class Convert>
auto read_list(const Json& json, const Convert& convert) -> std::vector<decltype(convert(json))> {
  std::vector<decltype(convert(json))> values;
  for (const Json& value : json) values.push_back(convert(value));
  return values;
}

template <class Convert>
auto read_if_any(const Json& json, const Convert& convert) -> std::optional<decltype(convert(json))> {
  return json.is_null() ? std::nullopt : std::optional(convert(json));
}

double read_number(const Json& json) {
  return json.get<double>();
}

std::optional<double> read_optional_number(const Json& json) {
  return read_if_any(json, read_number);
}

bool read_bool(const Json& json) {
  return json.get<bool>();
}

std::string read_text_or_null(const Json& json) {
  return json.is_null() ? "" : json.get<std::string>();
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

const auto as_it_is = [](const auto& value) { return Json(value); };

Json bools(const BeforeAfter<bool>& values) {
  return both(values, as_it_is);
}

BeforeAfter<bool> read_bools(const Json& json) {
  return read_both(json, read_bool);
}

Json to_json(const AtRates& rates) {
  Json json = Json::object();
  for (const auto& [rate, holds] : rates) json[rate] = bools(holds);
  return json;
}

AtRates read_rates(const Json& json) {
  AtRates rates;
  for (const auto& [rate, holds] : json.items()) rates[rate] = read_bools(holds);
  return rates;
}

Json to_json(const std::optional<BestMatch>& match) {
  return if_any(match, [](const BestMatch& one) {
    return Json{{"name", one.name}, {"similarity", optional_number(one.similarity)}};
  });
}

std::optional<BestMatch> read_match(const Json& json) {
  return read_if_any(json, [](const Json& one) {
    return BestMatch{one.at("name"), read_optional_number(one.at("similarity"))};
  });
}

Outcome read_outcome(const Json& json) {
  const auto letter = json.get<std::string>();
  if (letter.size() != 1 || std::string_view(outcome_letters).find(letter) == std::string_view::npos)
    throw Error("no outcome is '" + letter + "'");
  return static_cast<Outcome>(letter.front());
}

Json to_json(const Recognition& said) {
  const auto cosines = [](const auto& values) { return both(values, optional_number); };
  const auto rates = [](const AtRates& at) { return to_json(at); };
  return {{"name", said.name},
          {"role", said.role},
          {"found", bools(said.found)},
          {"outcome", if_any(said.outcome, [](Outcome one) { return std::string(1, static_cast<char>(one)); })},
          {"best", both(said.best, [](const auto& one) { return to_json(one); })},
          {"protected", if_any(said.not_the_person, bools)},
          {"rank1", if_any(said.is_the_target, bools)},
          {"target", if_any(said.target, cosines)},
          {"target_disjoint", if_any(said.target_disjoint, as_it_is)},
          {"self", if_any(said.self, cosines)},
          {"impersonated", if_any(said.impersonated, rates)},
          {"dodged", if_any(said.dodged, rates)},
          {"identified", if_any(said.identified, rates)}};
}

Recognition read_recognition(const Json& json) {
  const auto cosines = [](const Json& values) { return read_both(values, read_optional_number); };
  Recognition said;
  said.name = json.at("name");
  said.role = read_role(json.at("role"));
  said.found = read_bools(json.at("found"));
  said.outcome = read_if_any(json.at("outcome"), read_outcome);
  said.best = read_both(json.at("best"), read_match);
  said.not_the_person = read_if_any(json.at("protected"), read_bools);
  said.is_the_target = read_if_any(json.at("rank1"), read_bools);
  said.target = read_if_any(json.at("target"), cosines);
  said.target_disjoint = read_if_any(json.at("target_disjoint"), read_bool);
  said.self = read_if_any(json.at("self"), cosines);
  said.impersonated = read_if_any(json.at("impersonated"), read_rates);
  said.dodged = read_if_any(json.at("dodged"), read_rates);
  said.identified = read_if_any(json.at("identified"), read_rates);
  return said;
}

Json to_json(const Detection& seen) {
  const auto sighting = [](const Detection::Sighting& face) {
    return Json{{"score", rounded(face.score)},
                {"iou", rounded(face.iou)},
                {"box", if_any(face.box, [](const Box& box) { return faceoff::to_json(box); })}};
  };
  return {{"faces", list(seen.faces, sighting)},
          {"false_areas", list(seen.false_areas, [](double area) { return Json(rounded(area)); })},
          {"boxes", list(seen.hits, [](const Detection::Hit& hit) {
             return Json{rounded(hit.score), hit.true_face};
           })}};
}

Detection read_detection(const Json& json) {
  const auto sighting = [](const Json& face) {
    return Detection::Sighting{face.at("score"), face.at("iou"), read_if_any(face.at("box"), read_box)};
  };
  return {read_list(json.at("faces"), sighting), read_list(json.at("false_areas"), read_number),
          read_list(json.at("boxes"), [](const Json& hit) {
            return Detection::Hit{hit.at(0), hit.at(1)};
          })};
}

Json to_json(const DetectorEvaluation& detector) {
  return {{"name", detector.name},
          {"role", detector.role},
          {"minimum_score", detector.minimum_score},
          {"seen", both(detector.seen, [](const Detection& seen) { return to_json(seen); })}};
}

DetectorEvaluation read_detector(const Json& json) {
  return {json.at("name"), read_role(json.at("role")), json.at("minimum_score"),
          read_both(json.at("seen"), read_detection)};
}

}  // namespace

Json to_json(const Quality& quality) {
  return {{"linf", quality.linf},
          {"l2", rounded(quality.l2)},
          {"psnr", optional_number(quality.psnr)},
          {"ssim", rounded(quality.ssim)},
          {"changed", rounded(quality.changed)}};
}

Quality read_quality(const Json& json) {
  return {json.at("l2"), json.at("linf"), read_optional_number(json.at("psnr")), json.at("changed"), json.at("ssim")};
}

Json to_json(const Box& box) {
  return {rounded(box.x0), rounded(box.y0), rounded(box.x1), rounded(box.y1)};
}

Box read_box(const Json& json) {
  return {json.at(0), json.at(1), json.at(2), json.at(3)};
}

Json to_json(const FaceEvaluation& face) {
  return {{"box", to_json(face.box)},
          {"person", face.who.person},
          {"known", face.who.known},
          {"target", text_or_null(face.who.target)},
          {"found", if_any(face.found, bools)},
          {"models", list(face.models, [](const Recognition& said) { return to_json(said); })}};
}

FaceEvaluation read_face(const Json& json) {
  return {read_box(json.at("box")),
          {json.at("person"), read_text_or_null(json.at("target")), json.at("known")},
          read_if_any(json.at("found"), read_bools),
          read_list(json.at("models"), read_recognition)};
}

std::string read_role(const Json& json) {
  const auto role = json.get<std::string>();
  for (const Role known : {Role::surrogate, Role::related, Role::held_out}) {
    if (role == to_string(known)) return role;
  }
  throw Error("no role is '" + role + "'");
}

std::filesystem::path difference_place(const std::string& variant, const std::string& output) {
  const std::filesystem::path file = std::filesystem::path(output).filename();
  return std::filesystem::path("differences") / variant / (file.string() + (file.extension() == ".png" ? "" : ".png"));
}

std::string to_text(const EvaluationLine& line) {
  Json json = {{"item", line.item},
               {"variant", line.variant},
               {"picture", line.picture},
               {"output", line.output},
               {"after", line.seen.after},
               {"epsilon", optional_number(line.epsilon)},
               {"choice", text_or_null(line.choice)}};
  json.update(to_json(line.quality));
  json["faces"] = list(line.seen.faces, [](const FaceEvaluation& face) { return to_json(face); });
  json["detectors"] = list(line.seen.detectors, [](const DetectorEvaluation& one) { return to_json(one); });
  return to_text(json);
}

EvaluationLine parse_evaluation_line(const std::string& text, const std::string& where) {
  try {
    const Json json = Json::parse(text);
    EvaluationLine line;
    line.item = json.at("item");
    line.variant = json.at("variant");
    line.picture = json.at("picture");
    line.output = json.at("output");
    line.epsilon = read_optional_number(json.at("epsilon"));
    line.choice = read_text_or_null(json.at("choice"));
    line.quality = read_quality(json);
    line.seen = {json.at("after"), read_list(json.at("faces"), read_face),
                 read_list(json.at("detectors"), read_detector)};
    return line;
  } catch (const std::exception& error) {
    throw FileError(where + ": not as faceoff evaluate wrote it: " + one_line(error.what()));
  }
}

}  // namespace faceoff
