#include "run/item_line.hpp"

#include <faceoff/error.hpp>

#include <array>
#include <cmath>

#include "base/json.hpp"
#include "base/one_line.hpp"
#include "faces/matching.hpp"
#include "judge/evaluation_line.hpp"

namespace faceoff {

namespace {

constexpr std::array statuses = {Status::attacked, Status::no_face, Status::failed};

Status read_status(const Json& json) {
  const auto word = json.get<std::string>();
  for (const Status status : statuses) {
    if (word == to_string(status)) return status;
  }
  throw Error("no status is '" + word + "'");
}

double milliseconds(double seconds) {
  return std::round(seconds * 1e3) / 1e3;
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

std::string read_text_or_null(const Json& json) {
  return json.is_null() ? "" : json.get<std::string>();
}

Json to_json(const Sighting& said) {
  return {{"name", said.name},
          {"role", said.role},
          {"score", {rounded(said.score[0]), rounded(said.score[1])}},
          {"iou", rounded(said.iou)}};
}

Sighting read_sighting(const Json& json) {
  return {
      json.at("name"), read_role(json.at("role")), {json.at("score").at(0), json.at("score").at(1)}, json.at("iou")};
}

Json to_json(const std::vector<ItemFace>& faces) {
  Json all = Json::array();
  for (const ItemFace& one : faces) {
    Json detectors = Json::array();
    for (const Sighting& said : one.detectors) detectors.push_back(to_json(said));
    const Json said = faceoff::to_json(one.said);
    Json face = {{"box", said.at("box")}};
    if (!one.detectors.empty()) {
      face["score"] = detectors.front().at("score");
      face["iou"] = detectors.front().at("iou");
    }
    face["detectors"] = detectors;
    face.update(said);
    all.push_back(face);
  }
  return all;
}

std::vector<ItemFace> read_faces(const Json& json) {
  std::vector<ItemFace> faces;
  for (const Json& one : json) {
    ItemFace& face = faces.emplace_back(ItemFace{read_face(one), {}});
    for (const Json& said : one.at("detectors")) face.detectors.push_back(read_sighting(said));
  }
  return faces;
}

ItemLine read_line(const Json& json) {
  ItemLine line;
  line.item = json.at("item");
  line.variant = json.at("variant");
  line.picture = json.at("picture");
  line.output = read_text_or_null(json.at("output"));
  line.status = read_status(json.at("status"));
  line.key = read_text_or_null(json.at("key"));
  line.picture_sha256 = read_text_or_null(json.at("picture_sha256"));
  line.output_sha256 = read_text_or_null(json.at("output_sha256"));
  line.epsilon = json.at("epsilon");
  line.norm = json.at("norm") == "inf" ? Norm::inf : Norm::two;
  if ((line.status == Status::failed) != line.output.empty()) throw Error("'output' and 'status' do not fit together");
  if (line.status != Status::failed) {
    line.quality = read_quality(json);
    line.bytes = json.at("bytes");
  } else {
    line.error = json.at("error");
  }
  line.queries = json.at("queries");
  line.seconds = json.at("seconds");
  line.started = json.at("started");
  line.finished = json.at("finished");
  line.faces = read_faces(json.at("faces"));
  if (json.contains("lossless"))
    line.lossless = {read_quality(json.at("lossless")), read_faces(json.at("lossless").at("faces"))};
  return line;
}

}  // namespace

std::string to_string(Status status) {
  switch (status) {
    case Status::attacked:
      return "attacked";
    case Status::no_face:
      return "no_face";
    case Status::failed:
      return "failed";
  }
  return "";
}

std::vector<ItemFace> faces_of(const Judgement& judgement) {
  std::vector<ItemFace> faces;
  for (std::size_t f = 0; f < judgement.faces.size(); ++f) {
    ItemFace& face = faces.emplace_back(ItemFace{judgement.faces[f], {}});
    for (const DetectorEvaluation& detector : judgement.detectors) {
      const Detection::Sighting &was = detector.seen[0].faces.at(f), &is = detector.seen[1].faces.at(f);
      // What the detector sees somewhere else on the clean picture is not this face.
      face.detectors.push_back(
          {detector.name, detector.role, {was.iou >= same_face ? was.score : 0, is.score}, is.iou});
    }
  }
  return faces;
}

std::string to_text(const ItemLine& line) {
  const bool delivered = line.status != Status::failed;
  Json json = {{"item", line.item},
               {"variant", line.variant},
               {"picture", line.picture},
               {"output", text_or_null(line.output)},
               {"status", to_string(line.status)},
               {"key", text_or_null(line.key)},
               {"picture_sha256", text_or_null(line.picture_sha256)},
               {"output_sha256", text_or_null(line.output_sha256)},
               {"epsilon", line.epsilon},
               {"norm", line.norm == Norm::inf ? "inf" : "two"}};
  const Json measured = to_json(line.quality);
  for (const auto& [key, value] : measured.items()) json[key] = delivered ? value : Json(nullptr);
  json["bytes"] = delivered ? Json(line.bytes) : Json(nullptr);
  json["queries"] = line.queries;
  json["seconds"] = milliseconds(line.seconds);
  json["started"] = line.started;
  json["finished"] = line.finished;
  json["faces"] = to_json(line.faces);
  if (line.lossless) {
    json["lossless"] = to_json(line.lossless->quality);
    json["lossless"]["faces"] = to_json(line.lossless->faces);
  }
  if (!delivered) json["error"] = line.error;
  return to_text(json);
}

ItemLine parse_item_line(const std::string& text, const std::string& where) {
  try {
    return read_line(Json::parse(text));
  } catch (const std::exception& error) {
    throw FileError(where + ": not as a run wrote it: " + one_line(error.what()));
  }
}

}  // namespace faceoff
