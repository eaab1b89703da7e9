#pragma once

#include <optional>
#include <string>

namespace faceoff {

/// A number or a dash.
std::string or_dash(const std::optional<double>& value, int digits);
/// When pictures were judged: "as delivered", "after jpeg:75".
std::string after_words(const std::string& after);
/// A judge's role as it is read: "held-out".
std::string role_name(const std::string& role);

}  // namespace faceoff
