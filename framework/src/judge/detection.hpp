#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "faces/face.hpp"

namespace faceoff {

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
  std::vector<Sighting> faces;      ///< a true face each
  std::vector<double> false_areas;  ///< shares of the picture, of boxes above the minimum score that are no true face's
  std::vector<Hit> hits;            ///< every box, best first
};

/// Those above a score.
std::vector<Face> surer_than(const std::vector<Face>& faces, double score);

/// `found`: at any score, best first. `area`: the picture's, in pixels.
Detection measure_detection(const std::vector<Face>& found, const std::vector<Box>& truth, double area,
                            double minimum_score);

/// Area under precision against recall over many pictures' boxes, precision made falling (Pascal VOC from 2010 on, at
/// an IoU of 0.5). `faces`: how many there are to be found, above 0.
double average_precision(std::vector<Detection::Hit> hits, std::int64_t faces);

}  // namespace faceoff
