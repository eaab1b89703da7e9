#pragma once

#include <nlohmann/json.hpp>

#include <cmath>
#include <optional>
#include <string>

namespace faceoff {

/// JSON as programs read it: keys in the order in which they were put.
using Json = nlohmann::ordered_json;

/// As text; bytes of names that are no UTF-8 are replaced.
inline std::string to_text(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// Whether JSON can hold a text as it is.
inline bool is_utf8(const std::string& text) {
  try {
    return !Json(text).dump().empty();
  } catch (const Json::type_error&) {
    return false;
  }
}

/// Six digits after the point: more than any of the figures is worth.
inline double rounded(double value) {
  return std::round(value * 1e6) / 1e6;
}

}  // namespace faceoff
