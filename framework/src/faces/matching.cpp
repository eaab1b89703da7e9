#include "faces/matching.hpp"

namespace faceoff {

const Face* nearest(const std::vector<Face>& found, const Box& box, double least) {
  const Face* best = nullptr;
  for (const Face& face : found) {
    if (iou(face.box, box) > (best != nullptr ? iou(best->box, box) : 0)) best = &face;
  }
  return best != nullptr && iou(best->box, box) >= least ? best : nullptr;
}

Box as_drawn(const std::vector<Face>& found, const Box& box) {
  const Face* face = nearest(found, box, roughly_same_face);
  return face != nullptr ? face->box : box;
}

bool still_found(double score, double iou, double minimum_score) {
  return score > minimum_score && iou >= same_face;
}

}  // namespace faceoff
