#include "judge/evaluation.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "faces/faces.hpp"
#include "faces/matching.hpp"
#include "faces/pixels.hpp"
#include "faces/views.hpp"
#include "judge/detection.hpp"

namespace faceoff {

namespace {

/// Boxes that count for average precision; what a cascade thinks of on the way is less sure (models.md).
constexpr double lowest_score = .1;

Box scaled(const Box& box, double x, double y) {
  return {box.x0 * x, box.y0 * y, box.x1 * x, box.y1 * y};
}

std::vector<Box> boxes_of(const std::vector<Case::ProtectedFace>& faces) {
  std::vector<Box> boxes;
  for (const Case::ProtectedFace& face : faces) boxes.push_back(face.box);
  return boxes;
}

/// Whether two lists hold the same boxes.
bool equal(const std::vector<Box>& a, const std::vector<Box>& b) {
  return std::ranges::equal(
      a, b, [](const Box& p, const Box& q) { return p.x0 == q.x0 && p.y0 == q.y0 && p.x1 == q.x1 && p.y1 == q.y1; });
}

at::Tensor embedding_of(const std::map<const LoadedModel*, at::Tensor>& face, const LoadedModel* model) {
  const auto found = face.find(model);
  return found != face.end() ? found->second : at::Tensor();
}

/// What one recogniser makes of one face, clean and delivered. `as_it_was`: its embedding on the clean picture.
Recognition recognise(const Judge& judge, LineUp lineup, const FaceEvaluation& face, const at::Tensor& as_it_was,
                      const Both<at::Tensor>& seen) {
  Recognition said{&judge, false, false, std::nullopt, {}};
  const bool alone = lineup.empty();
  if (!face.known && as_it_was.defined()) lineup.add({face.person, as_it_was.unsqueeze(0), true});
  const std::optional<Known> target = face.target.empty() ? std::nullopt : lineup.find(face.target);
  const std::optional<Known> self = lineup.find(face.person);
  said.target_known = target.has_value();
  said.target_disjoint = target && target->disjoint;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (!seen[i].defined()) continue;
    const auto mean = [&](const std::optional<Known>& known) {
      return known ? std::optional(at::matmul(known->photos, seen[i]).mean().item<double>()) : std::nullopt;
    };
    said.target[i] = mean(target);
    said.self[i] = mean(self);
    if (!alone) said.best[i] = lineup.best_match(seen[i]);
  }
  if (alone) return said;
  const auto name = [](const std::optional<Match>& match) { return match ? std::optional(match->name) : std::nullopt; };
  said.outcome = outcome(face.person, face.target, name(said.best[0]), name(said.best[1]));
  return said;
}

}  // namespace

Evaluator::Embeddings Evaluator::embed_all(const at::Tensor& pixels, const Face* face) const {
  Embeddings embeddings;
  for (const LoadedModel* model : panel_.by.models) {
    if (face != nullptr && viewable(model->view, pixels.size(2), pixels.size(3), *face))
      embeddings[model] = embed(*model, pixels, *face);
  }
  return embeddings;
}

Evaluator::Look Evaluator::look(const Picture& picture, const Degradation& after, const std::vector<Box>& where) const {
  Picture seen;
  seen.rgb = degrade(picture, after);
  const double x = static_cast<double>(picture.rgb.cols) / seen.rgb.cols;
  const double y = static_cast<double>(picture.rgb.rows) / seen.rgb.rows;
  const at::Tensor pixels = to_tensor(seen, at::TensorOptions(panel_.by.device).dtype(at::kFloat));
  Look look;
  const std::vector<Face> found = find_faces(*panel_.by.detector, panel_.by.landmarks, pixels, panel_.by.minimum_score);
  for (const Box& box : where) {
    const Box here = scaled(box, 1 / x, 1 / y);
    const Face* face = nearest(found, here);
    const bool same = face != nullptr && iou(face->box, here) >= same_face;
    look.found.push_back(same);
    look.faces.push_back(embed_all(pixels, same ? face : nullptr));
  }
  for (const LoadedModel* detector : panel_.detectors) {
    std::vector<Face>& boxes = look.detected[detector];
    boxes = detect(*detector, pixels, std::min(lowest_score, panel_.by.minimum_score));
    for (Face& face : boxes) face.box = scaled(face.box, x, y);
  }
  return look;
}

const Evaluator::Clean& Evaluator::clean(const Case& one) {
  const std::optional<std::vector<Box>> boxes = one.faces ? std::optional(boxes_of(*one.faces)) : std::nullopt;
  if (clean_ && clean_->file == one.clean && (!boxes || equal(*boxes, clean_->boxes))) return *clean_;
  clean_.reset();
  Clean made{one.clean, read_picture(one.clean), {}, {}, {}, {}, {}};
  const at::Tensor pixels = to_tensor(made.picture, at::TensorOptions(panel_.by.device).dtype(at::kFloat));
  const std::vector<Face> faces = find_faces(*panel_.by.detector, panel_.by.landmarks, pixels, panel_.by.minimum_score);
  if (boxes) made.boxes = *boxes;
  if (!boxes) std::ranges::transform(faces, std::back_inserter(made.boxes), &Face::box);
  for (const Box& box : made.boxes) {
    const Face* face = nearest(faces, box);
    const bool same = face != nullptr && iou(face->box, box) >= roughly_same_face;
    made.where.push_back(as_drawn(faces, box));
    made.faces.push_back(embed_all(pixels, same ? face : nullptr));
  }
  for (const LoadedModel* detector : panel_.detectors) {
    const std::vector<Face> drawn = detect(*detector, pixels, panel_.by.minimum_score);
    std::ranges::transform(made.boxes, std::back_inserter(made.truth[detector]),
                           [&](const Box& box) { return as_drawn(drawn, box); });
  }
  for (const Degradation& after : panel_.after) made.looks.push_back(look(made.picture, after, made.where));
  clean_ = std::move(made);
  return *clean_;
}

CaseEvaluations Evaluator::evaluate(const Case& one, const Jury& jury) {
  const Clean& before = clean(one);
  const std::string& photo = before.picture.sha256;
  const Picture delivered = read_picture(one.delivered);
  if (delivered.rgb.size() != before.picture.rgb.size()) {
    const auto size = [](const Picture& picture) {
      return std::to_string(picture.rgb.cols) + " × " + std::to_string(picture.rgb.rows) + " pixels";
    };
    throw PictureError(one.delivered.string() + ": it has " + size(delivered) + ", and " + one.clean.string() +
                       " has " + size(before.picture));
  }

  // Who the faces are, and whom each recogniser knows, is the same after every degradation.
  std::vector<LineUp> lineups;
  for (const Judge& judge : jury.recognisers) lineups.emplace_back(*jury.people, *judge.model, photo);
  std::vector<FaceEvaluation> faces;
  for (std::size_t f = 0; f < before.boxes.size(); ++f) {
    FaceEvaluation face{
        before.boxes[f], one.faces ? (*one.faces)[f].target : one.target, unknown_person, false, {}, {}};
    const auto seen = std::ranges::find_if(jury.recognisers,
                                           [&](const Judge& judge) { return before.faces[f].contains(judge.model); });
    if (seen != jury.recognisers.end()) {
      const Person* owner = owner_of(*jury.people, *seen->model, photo, before.faces[f].at(seen->model));
      if (owner == nullptr && before.boxes.size() == 1) owner = owner_by_folder(*jury.people, one.clean);
      if (owner != nullptr) face.person = owner->name;
      face.known = lineups.front().find(face.person).has_value();
    }
    if (face.target == face.person) face.target.clear();  // whoever looks like oneself passes for nobody else
    faces.push_back(face);
  }

  CaseEvaluations all{compare(before.picture.rgb, delivered.rgb), {}};
  const auto area = static_cast<double>(delivered.rgb.total());
  for (std::size_t a = 0; a < panel_.after.size(); ++a) {
    const Both<Look> looks = {before.looks[a], look(delivered, panel_.after[a], before.where)};
    CaseEvaluation made{&panel_.after[a], panel_.by.minimum_score, faces, {}};
    for (std::size_t f = 0; f < faces.size(); ++f) {
      FaceEvaluation& face = made.faces[f];
      face.found = {looks[0].found[f], looks[1].found[f]};
      for (std::size_t r = 0; r < jury.recognisers.size(); ++r) {
        const LoadedModel* model = jury.recognisers[r].model;
        face.models.push_back(
            recognise(jury.recognisers[r], lineups[r], face, embedding_of(before.faces[f], model),
                      {embedding_of(looks[0].faces[f], model), embedding_of(looks[1].faces[f], model)}));
      }
    }
    for (const Judge& judge : jury.detectors) {
      DetectorEvaluation& detector = made.detectors.emplace_back(DetectorEvaluation{&judge, {}});
      for (std::size_t i = 0; i < looks.size(); ++i) {
        detector.seen[i] = measure_detection(looks[i].detected.at(judge.model), before.truth.at(judge.model), area,
                                             panel_.by.minimum_score);
      }
    }
    all.after.push_back(std::move(made));
  }
  return all;
}

}  // namespace faceoff
