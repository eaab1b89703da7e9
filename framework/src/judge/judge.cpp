#include "judge/judge.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "faces/matching.hpp"
#include "faces/targets.hpp"
#include "faces/views.hpp"

namespace faceoff {

namespace {

/// What a detector says of each face, at its plain pass.
std::vector<DetectorReport> sightings(const Judge& judge, const at::Tensor& clean, const at::Tensor& delivered,
                                      const std::vector<Face>& faces, double minimum_score) {
  const std::vector<Face> before = detect(*judge.model, clean, minimum_score);
  const std::vector<Face> after = detect(*judge.model, delivered, minimum_score);
  std::vector<DetectorReport> reports;
  for (const Face& face : faces) {
    DetectorReport report{&judge};
    const Box box = as_drawn(before, face.box);
    const Face* was = nearest(before, box);
    if (was != nullptr && iou(was->box, box) >= same_face) report.score[0] = was->score;
    if (const Face* left = nearest(after, box)) {
      report.score[1] = left->score;
      report.iou = iou(left->box, box);
    }
    reports.push_back(report);
  }
  return reports;
}

}  // namespace

std::vector<FaceReport> judge(const Assembly& assembly, const at::Tensor& clean, const at::Tensor& delivered,
                              const std::vector<Face>& faces, const std::vector<Target>& targets) {
  const Experiment& experiment = assembly.experiment;
  std::vector<std::vector<DetectorReport>> seen_by;
  for (const Judge& judge : assembly.judging_detectors)
    seen_by.push_back(sightings(judge, clean, delivered, faces, experiment.minimum_score));
  std::vector<Face> aligned;
  if (!assembly.judges.empty()) {
    aligned = find_faces(*assembly.detector, assembly.landmarks, delivered, experiment.minimum_score);
  }
  std::vector<FaceReport> reports;
  for (std::size_t f = 0; f < faces.size(); ++f) {
    FaceReport report;
    report.box = faces[f].box;
    for (const std::vector<DetectorReport>& reports_of_one : seen_by) report.detectors.push_back(reports_of_one[f]);
    if (!targets.empty()) report.target = targets[f].name;
    const Face* anew = nearest(aligned, report.box);
    if (anew != nullptr && iou(anew->box, report.box) < same_face) anew = nullptr;
    for (const Judge& judge : assembly.judges) {
      const at::Tensor was = embed(*judge.model, clean, faces[f]);
      // The attack may have left landmarks that no face can be aligned by: then it counts as not found.
      const bool seen = anew != nullptr && viewable(judge.model->view, delivered.size(2), delivered.size(3), *anew);
      const at::Tensor is = seen ? embed(*judge.model, delivered, *anew) : at::Tensor();
      const auto change = [&](const at::Tensor& with) {
        const auto cosine = [&](const at::Tensor& embedding) {
          return at::matmul(with, embedding).mean().item<double>();
        };
        return Change{cosine(was), is.defined() ? std::optional(cosine(is)) : std::nullopt};
      };
      EmbedderReport said{&judge, std::nullopt, change(was.unsqueeze(0))};
      if (!targets.empty()) said.target = change(targets[f].judging.at(judge.model));
      report.models.push_back(said);
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

bool still_found(const DetectorReport& report, double minimum_score) {
  return still_found(report.score[1], report.iou, minimum_score);
}

}  // namespace faceoff
