#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "picture/face.hpp"

namespace faceoff {

/// How much of a face's box another one has to cover to be of the same face, as an IoU.
constexpr double same_face = .5;

/// Boxes of different detectors are of one face from here on: some show the chin and some the hair.
constexpr double roughly_same_face = .3;

/// The one whose box is nearest to this one by IoU, or null where none overlaps it.
const Face* nearest(const std::vector<Face>& found, const Box& box);

/// A face's box as a detector that `found` these on the clean picture draws it; the box itself where none is of the
/// face.
Box as_drawn(const std::vector<Face>& found, const Box& box);

/// Whether a detector finds a face, by the box that it finds nearest: above the minimum score, and of the same face.
bool still_found(double score, double iou, double minimum_score);

/// What a detector shows of a picture whose true faces are known.
struct Detection {
  /// The found box that is nearest to a true face.
  struct Sighting {
    double score = 0, iou = 0;  ///< 0 where none overlaps it
    std::optional<Box> box = {};
  };
  /// A box, and whether it is a true face's: each true face has one at most, the surest.
  struct Hit {
    double score = 0;
    bool true_face = false;
  };
  std::vector<Sighting> faces;  ///< a true face each
  std::vector<double>
      false_areas;        ///< of each box above the minimum score that is no true face: its share of the picture
  std::vector<Hit> hits;  ///< every box, best first
};

/// `found`: at any score, best first. `area`: the picture's, in pixels.
Detection measure_detection(const std::vector<Face>& found, const std::vector<Box>& truth, double area,
                            double minimum_score);

/// Area under precision against recall over many pictures' boxes, precision made falling (Pascal VOC from 2010 on, at
/// an IoU of 0.5). `faces`: how many there are to be found, above 0.
double average_precision(std::vector<Detection::Hit> hits, std::int64_t faces);

}  // namespace faceoff
