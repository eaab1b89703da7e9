#pragma once

#include <string>
#include <vector>

#include "picture/picture.hpp"

namespace faceoff {

/// What becomes of a delivered picture on its way to those who look at it, or what they do to it first.
struct Degradation {
  enum class Kind { jpeg, resize, blur, median };
  struct Step {
    Kind kind = Kind::jpeg;
    double amount = 0;  ///< JPEG quality, factor of both sides, standard deviation or side in pixels
  };
  std::vector<Step> steps;  ///< one after the other; none: as delivered
  std::string name;         ///< as it was written: "png", "jpeg:75", "resize:0.5", "jpeg:50+blur:1"
};

/// Reads a name. Throws ConfigError that says what there is.
Degradation parse_degradation(const std::string& name);

/// Those that `faceoff evaluate` looks at unless told otherwise.
const std::vector<std::string>& usual_degradations();

/// The picture's pixels afterwards; by "resize" they become fewer.
cv::Mat degrade(const Picture& picture, const Degradation& how);

}  // namespace faceoff
