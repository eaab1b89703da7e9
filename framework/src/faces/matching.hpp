#pragma once

#include <vector>

#include "faces/face.hpp"

namespace faceoff {

/// How much of a face's box another one has to cover to be of the same face, as an IoU.
constexpr double same_face = .5;

/// Boxes of different detectors are of one face from here on: some show the chin and some the hair.
constexpr double roughly_same_face = .3;

/// The one whose box is nearest to this one by IoU; null where none overlaps it, or by less than `least`.
const Face* nearest(const std::vector<Face>& found, const Box& box, double least = 0);

/// A face's box as a detector that `found` these on the clean picture draws it; the box itself where none is of the
/// face.
Box as_drawn(const std::vector<Face>& found, const Box& box);

/// Whether a detector finds a face, by the box that it finds nearest: above the minimum score, and of the same face.
bool still_found(double score, double iou, double minimum_score);

}  // namespace faceoff
