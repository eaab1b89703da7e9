#include "run/item_line.hpp"

#include <faceoff/error.hpp>

#include <array>
#include <cmath>

#include "base/one_line.hpp"
#include "faces/matching.hpp"
#include "judge/evaluation_line.hpp"

namespace faceoff {

std::string to_string(Status status) {
  static const std::array words = {"attacked", "unchanged", "no_face", "failed"};
  return words.at(static_cast<std::size_t>(status));
}

void to_json(Json& json, Status status) {
  json = to_string(status);
}

void from_json(const Json& json, Status& status) {
  const auto word = json.get<std::string>();
  for (const Status known : {Status::attacked, Status::unchanged, Status::no_face, Status::failed}) {
    status = known;
    if (word == to_string(known)) return;
  }
  throw Error("no status is '" + word + "'");
}

void to_json(Json& json, Norm norm) {
  json = norm == Norm::inf ? "inf" : "two";
}

void from_json(const Json& json, Norm& norm) {
  norm = json == "inf" ? Norm::inf : Norm::two;
}

template <class Io>
void fields(Io& io, Either<Io, Sighting>& said) {
  io("name", said.name);
  io("role", said.role);
  require_role(said.role);
  io("score", said.score);
  io("iou", said.iou);
}

template <class Io>
void fields(Io& io, Either<Io, ItemFace>& face) {
  io("box", face.said.box);
  if (!face.detectors.empty()) {  // for other programs: the first detector's
    io("score", face.detectors.front().score);
    io("iou", face.detectors.front().iou);
  }
  io("detectors", face.detectors);
  fields(io, face.said);
}

template <class Io>
void fields(Io& io, Either<Io, Lossless>& lossless) {
  fields(io, lossless.quality);
  io("faces", lossless.faces);
}

template <class Io>
void fields(Io& io, Either<Io, ItemLine>& line) {
  io("item", line.item);
  io("variant", line.variant);
  io("picture", line.picture);
  io.or_null("output", line.output);
  io("status", line.status);
  io.or_null("key", line.key);
  io.or_null("picture_sha256", line.picture_sha256);
  io.or_null("output_sha256", line.output_sha256);
  io.exact("epsilon", line.epsilon);
  io("norm", line.norm);
  const bool failed = line.status == Status::failed;
  io.nulls = failed;
  fields(io, line.quality);
  io("bytes", line.bytes);
  io.nulls = false;
  io("queries", line.queries);
  io("seconds", line.seconds);
  io("started", line.started);
  io("finished", line.finished);
  io("faces", line.faces);
  io.where(line.lossless.has_value(), "lossless", line.lossless);
  io.where(!line.notes.empty(), "notes", line.notes);
  if (failed) io("error", line.error);
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

std::string to_text(ItemLine line) {
  line.seconds = std::round(line.seconds * 1e3) / 1e3;
  return to_text(Json(line));
}

ItemLine parse_item_line(const std::string& text, const std::string& where) {
  try {
    auto line = Json::parse(text).get<ItemLine>();
    if ((line.status == Status::failed) != line.output.empty())
      throw Error("'output' and 'status' do not fit together");
    return line;
  } catch (const std::exception& error) {
    throw FileError(where + ": not as a run wrote it: " + one_line(error.what()));
  }
}

}  // namespace faceoff
