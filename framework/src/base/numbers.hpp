#pragma once

#include <string>

namespace faceoff {

/// A number with so many digits after the point.
std::string fixed(double value, int digits);
/// As few digits as it takes: 8, 0.5.
std::string shortest(double value);

}  // namespace faceoff
