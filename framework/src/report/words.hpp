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
/// When pictures were judged: "as delivered", "after jpeg:75".
std::string after_words(const std::string& after);
/// A judge's role as it is read: "held-out".
std::string role_name(const std::string& role);

}  // namespace faceoff
