#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace faceoff {

/// Text from elsewhere (a plugin, a library, a file's name) as part of one line of a message: control characters and
/// line breaks become spaces, bytes that are no UTF-8 become '?', and what is longer than `longest` bytes is cut.
std::string one_line(std::string_view text, std::size_t longest = 400);

}  // namespace faceoff
