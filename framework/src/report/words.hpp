#pragma once

#include <optional>
#include <string>

#include "evaluate/interval.hpp"

namespace faceoff {

/// A number with so many digits after the point.
std::string fixed(double value, int digits);
/// As few digits as it takes: 8, 0.5.
std::string shortest(double value);
/// A number or a dash.
std::string or_dash(const std::optional<double>& value, int digits);

}  // namespace faceoff
