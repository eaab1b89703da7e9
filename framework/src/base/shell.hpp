#pragma once

#include <string>

namespace faceoff {

/// A text as one word of a shell's command line, in single quotes where it needs them.
std::string in_shell(const std::string& text);

}  // namespace faceoff
