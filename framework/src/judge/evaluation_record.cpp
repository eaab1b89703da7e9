#include "judge/evaluation_record.hpp"

#include "judge/detection.hpp"

namespace faceoff {

namespace {

template <class T, class Convert>
Json both(const Both<T>& values, const Convert& convert) {
  return Json::array({convert(values[0]), convert(values[1])});
}

/// Null where the recogniser has no thresholds, and no rate where it does not know whom to compare with (`known`).
/// Whether each similarity reaches, or misses, the threshold of each rate. Where no face was found it does neither: a
/// recogniser that finds it may still know it.
Json at_rates(const Judge& judge, const Both<std::optional<double>>& similarity, bool known, bool reaches) {
  const Calibration* calibration = judge.model->calibration;
  if (calibration == nullptr) return nullptr;
  Json rates = Json::object();
  if (!known) return rates;
  for (const auto& [name, rate] : false_accept_rates) {
    const double* threshold = calibration->threshold(rate);
    if (threshold == nullptr) continue;
    rates[name] = both(similarity,
                       [&](const std::optional<double>& value) { return value && (*value >= *threshold) == reaches; });
  }
  return rates;
}

Json recognition(const Recognition& said, bool has_target, bool known) {
  const auto match = [](const std::optional<Match>& one) {
    return one ? Json{{"name", one->name}, {"similarity", rounded(one->similarity)}} : Json(nullptr);
  };
  return {{"name", said.judge->model->name},
          {"role", to_string(said.judge->role)},
          {"outcome", said.outcome ? Json(std::string(1, static_cast<char>(*said.outcome))) : Json(nullptr)},
          {"best", both(said.best, match)},
          {"target", has_target ? both(said.target, optional_number) : Json(nullptr)},
          {"target_disjoint", has_target && said.target_known ? Json(said.target_disjoint) : Json(nullptr)},
          {"self", both(said.self, optional_number)},
          {"impersonated", has_target ? at_rates(*said.judge, said.target, said.target_known, true) : Json(nullptr)},
          {"dodged", at_rates(*said.judge, said.self, known, false)}};
}

Json box_json(const Box& box) {
  return {rounded(box.x0), rounded(box.y0), rounded(box.x1), rounded(box.y1)};
}

Json face_json(const FaceEvaluation& face) {
  Json models = Json::array();
  for (const Recognition& said : face.models) models.push_back(recognition(said, !face.target.empty(), face.known));
  return {{"box", box_json(face.box)}, {"person", face.person},
          {"known", face.known},       {"target", face.target.empty() ? Json(nullptr) : Json(face.target)},
          {"found", face.found},       {"models", models}};
}

Json detection(const Detection& seen) {
  Json faces = Json::array(), areas = Json::array(), hits = Json::array();
  for (const Detection::Sighting& face : seen.faces)
    faces.push_back({{"score", rounded(face.score)},
                     {"iou", rounded(face.iou)},
                     {"box", face.box ? box_json(*face.box) : Json(nullptr)}});
  for (const double area : seen.false_areas) areas.push_back(rounded(area));
  for (const Detection::Hit& hit : seen.hits) hits.push_back({rounded(hit.score), hit.true_face});
  return {{"faces", faces}, {"false_areas", areas}, {"boxes", hits}};
}

}  // namespace

std::filesystem::path difference_place(const std::string& variant, const std::string& output) {
  const std::filesystem::path file = std::filesystem::path(output).filename();
  return std::filesystem::path("differences") / variant / (file.string() + (file.extension() == ".png" ? "" : ".png"));
}

Json evaluation_line(const CaseLabel& label, const CaseEvaluation& evaluation, const Quality& quality) {
  Json faces = Json::array(), detectors = Json::array();
  for (const FaceEvaluation& face : evaluation.faces) faces.push_back(face_json(face));
  for (const DetectorEvaluation& detector : evaluation.detectors) {
    detectors.push_back({{"name", detector.judge->model->name},
                         {"role", to_string(detector.judge->role)},
                         {"minimum_score", evaluation.minimum_score},
                         {"seen", both(detector.seen, detection)}});
  }
  return {{"item", label.item},
          {"variant", label.variant},
          {"picture", label.picture},
          {"output", label.output},
          {"after", evaluation.after->name},
          {"epsilon", optional_number(label.epsilon)},
          {"choice", label.choice.empty() ? Json(nullptr) : Json(label.choice)},
          {"linf", quality.linf},
          {"l2", rounded(quality.l2)},
          {"psnr", optional_number(quality.psnr)},
          {"ssim", rounded(quality.ssim)},
          {"changed", rounded(quality.changed)},
          {"faces", faces},
          {"detectors", detectors}};
}

}  // namespace faceoff
