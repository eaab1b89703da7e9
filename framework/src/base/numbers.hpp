#pragma once

#include <array>
#include <cstdint>
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

/// "1 face", "12 faces"
inline std::string counted(std::int64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace faceoff
