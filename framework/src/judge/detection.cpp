#include "judge/detection.hpp"

#include <algorithm>

#include "faces/matching.hpp"

namespace faceoff {

std::vector<Face> surer_than(const std::vector<Face>& faces, double score) {
  std::vector<Face> sure;
  std::ranges::copy_if(faces, std::back_inserter(sure), [&](const Face& face) { return face.score > score; });
  return sure;
}

Detection measure_detection(const std::vector<Face>& found, const std::vector<Box>& truth, double area,
                            double minimum_score) {
  Detection detection;
  const std::vector<Face> sure = surer_than(found, minimum_score);
  for (const Box& box : truth) {
    const Face* best = nearest(sure, box);
    detection.faces.push_back(best != nullptr ? Detection::Sighting{best->score, iou(best->box, box), best->box}
                                              : Detection::Sighting{});
  }
  for (const Face& face : sure) {
    const bool of_a_face = std::ranges::any_of(truth, [&](const Box& box) { return iou(face.box, box) >= same_face; });
    if (!of_a_face) detection.false_areas.push_back(face.box.area() / area);
  }
  std::vector<bool> taken(truth.size());
  for (const Face& face : found) {
    const auto nearest_to = std::ranges::max_element(truth, {}, [&](const Box& box) { return iou(face.box, box); });
    const auto t = static_cast<std::size_t>(nearest_to - truth.begin());
    const bool hit = t < truth.size() && iou(face.box, truth[t]) >= same_face && !taken[t];
    if (hit) taken[t] = true;
    detection.hits.push_back({face.score, hit});
  }
  return detection;
}

double average_precision(std::vector<Detection::Hit> hits, std::int64_t faces) {
  std::ranges::stable_sort(hits, std::ranges::greater{}, &Detection::Hit::score);
  std::vector<double> precisions;  // at each box, from the surest on
  double right = 0;
  for (const Detection::Hit& hit : hits) {
    right += hit.true_face ? 1 : 0;
    precisions.push_back(right / static_cast<double>(precisions.size() + 1));
  }
  double area = 0, best = 0;
  for (std::size_t i = hits.size(); i-- > 0;) {
    best = std::max(best, precisions[i]);
    if (hits[i].true_face) area += best;  // each true face adds as much recall
  }
  return area / static_cast<double>(faces);
}

}  // namespace faceoff
