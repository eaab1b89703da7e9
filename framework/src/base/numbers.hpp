#pragma once

#include <array>
#include <cstdio>
#include <string>

namespace faceoff {

/// A number with so many digits after the point.
inline std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

/// As few digits as it takes: 8, 0.5.
inline std::string shortest(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%g", value);
  return text.data();
}

}  // namespace faceoff
