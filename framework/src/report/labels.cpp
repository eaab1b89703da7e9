#include "report/labels.hpp"

#include "base/numbers.hpp"

namespace faceoff {

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
