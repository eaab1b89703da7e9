#include "judge/evaluation.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "base/lists.hpp"
#include "faces/faces.hpp"
#include "faces/matching.hpp"
#include "faces/views.hpp"

namespace faceoff {

namespace {

/// Boxes that count for average precision; what a cascade thinks of on the way is less sure (models.md).
constexpr double lowest_score = .1;

/// Of so many clean pictures it is remembered what was seen: some ten kilobytes each.
constexpr std::size_t most_remembered = 500;

Box scaled(const Box& box, double x, double y) {
  return {box.x0 * x, box.y0 * y, box.x1 * x, box.y1 * y};
}

/// A box as it is recorded, so that who reads it from a record asks about the same one.
Box as_recorded(const Box& box) {
  return {rounded(box.x0), rounded(box.y0), rounded(box.x1), rounded(box.y1)};
}

/// Of a face, under a recogniser; undefined where there is none.
at::Tensor embedding_of(const Embeddings& face, const LoadedModel* model) {
  const auto found = face.find(model);
  return found != face.end() ? found->second : at::Tensor();
}

/// What stands for a clean picture and its faces.
std::string key_of(const CleanPicture& one) {
  std::string key = one.picture.sha256;
  if (!one.faces) return key + " all";
  for (const CleanPicture::Attacked& face : *one.faces) {
    const Box box = as_recorded(face.box);
    key += to_text({box.x0, box.y0, box.x1, box.y1});
  }
  return key;
}

void require_same_size(const Picture& delivered, const CleanPicture& clean) {
  if (delivered.rgb.size() == clean.picture.rgb.size()) return;
  const auto size = [](const Picture& picture) {
    return std::to_string(picture.rgb.cols) + " × " + std::to_string(picture.rgb.rows) + " pixels";
  };
  throw PictureError("the delivered picture: it has " + size(delivered) + ", and " + clean.file.string() + " has " +
                     size(clean.picture));
}

}  // namespace

Examination examination(const Judges& judges, std::vector<Degradation> after) {
  Examination made{portraying(judges), {}, std::move(after)};
  for (const Judge& judge : judges.detectors) made.detectors.push_back(judge.model);
  return made;
}

Embeddings Evaluator::embed_all(const at::Tensor& pixels, const Face* face) const {
  Embeddings embeddings;
  for (const LoadedModel* model : examination_.by.models) {
    // What the attack left may have landmarks that no face can be aligned by: then it counts as not found.
    if (face != nullptr && viewable(model->view, pixels.size(2), pixels.size(3), *face))
      embeddings[model] = embed(*model, pixels, *face);
  }
  return embeddings;
}

Evaluator::Detected Evaluator::detect_all(const at::Tensor& pixels) const {
  Detected detected;
  for (const LoadedModel* detector : examination_.detectors)
    detected[detector] = detect(*detector, pixels, std::min(lowest_score, examination_.by.minimum_score));
  return detected;
}

std::vector<Face> Evaluator::find(const at::Tensor& pixels, const Detected& detected) const {
  const Portraying& by = examination_.by;
  if (by.detector == nullptr) return {};
  std::optional<std::vector<Face>> plain;  // a detector that judges has looked already
  if (const auto seen = detected.find(by.detector); seen != detected.end())
    plain = surer_than(seen->second, by.minimum_score);
  return find_faces(*by.detector, by.landmarks, pixels, by.minimum_score, std::move(plain));
}

Evaluator::Look Evaluator::look(const Picture& picture, const Degradation& after, const std::vector<Box>& where) const {
  Picture seen;
  seen.rgb = degrade(picture, after);
  const double x = static_cast<double>(picture.rgb.cols) / seen.rgb.cols;
  const double y = static_cast<double>(picture.rgb.rows) / seen.rgb.rows;
  const at::Tensor pixels = to_tensor(seen, at::TensorOptions(examination_.by.device).dtype(at::kByte));
  Look look;
  look.detected = detect_all(pixels);
  const std::vector<Face> faces = find(pixels, look.detected);
  for (const Box& box : where) {
    const Face* face = nearest(faces, scaled(box, 1 / x, 1 / y), same_face);
    look.found.push_back(face != nullptr);
    look.faces.push_back(embed_all(pixels, face));
  }
  for (auto& [detector, boxes] : look.detected) {
    for (Face& face : boxes) face.box = scaled(face.box, x, y);
  }
  return look;
}

Evaluator::Clean Evaluator::look_at_clean(const CleanPicture& one, std::string key) const {
  Clean made;
  made.key = std::move(key);
  const at::Tensor pixels = to_tensor(one.picture, at::TensorOptions(examination_.by.device).dtype(at::kByte));
  Look as_it_is;  // what a look without a degradation would see again
  as_it_is.detected = detect_all(pixels);
  const std::vector<Face> faces = find(pixels, as_it_is.detected);
  if (one.faces) {
    for (const CleanPicture::Attacked& face : *one.faces) made.boxes.push_back(as_recorded(face.box));
  } else {
    for (const Face& face : faces) made.boxes.push_back(as_recorded(face.box));
  }
  for (const Box& box : made.boxes) {
    const Face* face = nearest(faces, box, roughly_same_face);
    made.where.push_back(face != nullptr ? face->box : box);
    as_it_is.found.push_back(face != nullptr);
    as_it_is.faces.push_back(embed_all(pixels, face));
  }
  made.faces = as_it_is.faces;
  for (const auto& [detector, boxes] : as_it_is.detected) {
    const std::vector<Face> drawn = surer_than(boxes, examination_.by.minimum_score);
    std::ranges::transform(made.boxes, std::back_inserter(made.truth[detector]),
                           [&](const Box& box) { return as_drawn(drawn, box); });
  }
  for (const Degradation& after : examination_.after) {
    made.looks.push_back(after.steps.empty() ? as_it_is : look(one.picture, after, made.where));
  }
  return made;
}

const Evaluator::Clean& Evaluator::clean(const CleanPicture& one) {
  std::string key = key_of(one);
  const auto found = std::ranges::find(remembered_, key, &Clean::key);
  if (found != remembered_.end()) return *found;
  remembered_.push_back(look_at_clean(one, std::move(key)));
  if (remembered_.size() > most_remembered) remembered_.pop_front();
  return remembered_.back();
}

/// Who the faces are, which is the same after every degradation.
std::vector<FaceEvaluation> Evaluator::identify(const CleanPicture& one, const Clean& seen, const Judges& judges,
                                                const Gallery& people, const std::vector<LineUp>& lineups) const {
  std::vector<FaceEvaluation> faces;
  for (std::size_t f = 0; f < seen.boxes.size(); ++f) {
    FaceEvaluation face;
    face.box = seen.boxes[f];
    face.who = {unknown_person, one.faces ? (*one.faces)[f].target : one.target, false};
    const auto sees = std::ranges::find_if(judges.recognisers,
                                           [&](const Judge& judge) { return seen.faces[f].contains(judge.model); });
    if (sees != judges.recognisers.end()) {
      const Person* owner = owner_of(people, *sees->model, one.picture.sha256, one.file, seen.faces[f].at(sees->model),
                                     seen.boxes.size() == 1);
      if (owner != nullptr) face.who.person = owner->name;
      face.who.known = lineups.front().find(face.who.person).has_value();
    }
    if (face.who.target == face.who.person) face.who.target.clear();  // who looks like oneself passes for nobody else
    faces.push_back(std::move(face));
  }
  return faces;
}

std::vector<Judgement> Evaluator::evaluate(const CleanPicture& one, const Picture& delivered, const Judges& judges,
                                           const Gallery& people) {
  require_same_size(delivered, one);
  const Clean& before = clean(one);
  std::vector<LineUp> lineups;
  for (const Judge& judge : judges.recognisers) lineups.emplace_back(people, *judge.model, one.picture.sha256);
  const std::vector<FaceEvaluation> faces = identify(one, before, judges, people, lineups);
  const auto area = static_cast<double>(delivered.rgb.total());
  std::vector<Judgement> all;
  for (std::size_t a = 0; a < examination_.after.size(); ++a) {
    const Look after = look(delivered, examination_.after[a], before.where);
    const BeforeAfter<const Look*> looks = {&before.looks[a], &after};
    Judgement& made = all.emplace_back(Judgement{examination_.after[a].name, faces, {}});
    for (std::size_t f = 0; f < faces.size(); ++f) {
      FaceEvaluation& face = made.faces[f];
      if (examination_.by.detector != nullptr) face.found = {looks[0]->found[f], looks[1]->found[f]};
      for (std::size_t r = 0; r < judges.recognisers.size(); ++r) {
        const LoadedModel* model = judges.recognisers[r].model;
        face.models.push_back(
            recognise(judges.recognisers[r], lineups[r], face.who, embedding_of(before.faces[f], model),
                      {embedding_of(looks[0]->faces[f], model), embedding_of(looks[1]->faces[f], model)}));
      }
    }
    for (const Judge& judge : judges.detectors) {
      const double least = examination_.by.minimum_score;
      const auto seen = [&](std::size_t i) {
        return measure_detection(looks.at(i)->detected.at(judge.model), before.truth.at(judge.model), area, least);
      };
      made.detectors.push_back({judge.model->name, to_string(judge.role), least, {seen(0), seen(1)}});
    }
  }
  return all;
}

}  // namespace faceoff
