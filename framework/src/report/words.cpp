#include "report/words.hpp"

#include <array>
#include <cstdio>

namespace faceoff {

std::string fixed(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string shortest(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%g", value);
  return text.data();
}

std::string or_dash(const std::optional<double>& value, int digits) {
  return value ? fixed(*value, digits) : "–";
}

std::string after_words(const std::string& after) {
  return after == "png" ? "as delivered" : "after " + after;
}

std::string role_name(const std::string& role) {
  return role == "held_out" ? "held-out" : role;
}

}  // namespace faceoff
