#include "judge/evaluation_line.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/one_line.hpp"

namespace faceoff {

void to_json(Json& json, Outcome outcome) {
  json = std::string(1, static_cast<char>(outcome));
}

void from_json(const Json& json, Outcome& outcome) {
  const auto letter = json.get<std::string>();
  if (letter.size() != 1 || std::string_view(outcome_letters).find(letter) == std::string_view::npos)
    throw Error("no outcome is '" + letter + "'");
  outcome = static_cast<Outcome>(letter.front());
}

template <class Io>
void fields(Io& io, Either<Io, BestMatch>& match) {
  io("name", match.name);
  io("similarity", match.similarity);
}

template <class Io>
void fields(Io& io, Either<Io, Recognition>& said) {
  io("name", said.name);
  io("role", said.role);
  require_role(said.role);
  io("found", said.found);
  io("outcome", said.outcome);
  io("best", said.best);
  io("protected", said.not_the_person);
  io("rank1", said.is_the_target);
  io("target", said.target);
  io("target_disjoint", said.target_disjoint);
  io("self", said.self);
  io("impersonated", said.impersonated);
  io("dodged", said.dodged);
  io("identified", said.identified);
}

template <class Io>
void fields(Io& io, Either<Io, Detection::Sighting>& face) {
  io("score", face.score);
  io("iou", face.iou);
  io("box", face.box);
}

template <class Io>
void fields(Io& io, Either<Io, Detection::Hit>& hit) {
  io.row(hit.score, hit.true_face);
}

template <class Io>
void fields(Io& io, Either<Io, Detection>& seen) {
  io("faces", seen.faces);
  io("false_areas", seen.false_areas);
  io("boxes", seen.hits);
}

template <class Io>
void fields(Io& io, Either<Io, DetectorEvaluation>& detector) {
  io("name", detector.name);
  io("role", detector.role);
  require_role(detector.role);
  io.exact("minimum_score", detector.minimum_score);
  io("seen", detector.seen);
}

template <class Io>
void fields(Io& io, Either<Io, Quality>& quality) {
  io("linf", quality.linf);
  io("l2", quality.l2);
  io("psnr", quality.psnr);
  io("ssim", quality.ssim);
  io("changed", quality.changed);
}

template <class Io>
void fields(Io& io, Either<Io, Box>& box) {
  io.row(box.x0, box.y0, box.x1, box.y1);
}

template <class Io>
void fields(Io& io, Either<Io, FaceEvaluation>& face) {
  io("box", face.box);
  io("person", face.who.person);
  io("known", face.who.known);
  io.or_null("target", face.who.target);
  io("found", face.found);
  io("models", face.models);
}

template <class Io>
void fields(Io& io, Either<Io, EvaluationLine>& line) {
  io("item", line.item);
  io("variant", line.variant);
  io("picture", line.picture);
  io("output", line.output);
  io("after", line.seen.after);
  io("epsilon", line.epsilon);
  io.or_null("choice", line.choice);
  fields(io, line.quality);
  io("faces", line.seen.faces);
  io("detectors", line.seen.detectors);
}

template void fields(RecordWriter&, const Quality&);
template void fields(RecordReader&, Quality&);
template void fields(RecordWriter&, const Box&);
template void fields(RecordReader&, Box&);
template void fields(RecordWriter&, const FaceEvaluation&);
template void fields(RecordReader&, FaceEvaluation&);

void require_role(const std::string& role) {
  constexpr std::array known = {Role::surrogate, Role::related, Role::held_out};
  if (std::ranges::none_of(known, [&](Role one) { return role == to_string(one); }))
    throw Error("no role is '" + role + "'");
}

std::filesystem::path difference_place(const std::string& variant, const std::string& output) {
  const std::filesystem::path file = std::filesystem::path(output).filename();
  return std::filesystem::path("differences") / variant / (file.string() + (file.extension() == ".png" ? "" : ".png"));
}

std::string to_text(const EvaluationLine& line) {
  return to_text(Json(line));
}

EvaluationLine parse_evaluation_line(const std::string& text, const std::string& where) {
  try {
    return Json::parse(text).get<EvaluationLine>();
  } catch (const std::exception& error) {
    throw FileError(where + ": not as faceoff evaluate wrote it: " + one_line(error.what()));
  }
}

}  // namespace faceoff
