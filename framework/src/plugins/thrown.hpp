#pragma once

#include <string>

namespace faceoff {

/// What the exception being handled says, in one line; for catch (...) around a plugin's code, which may throw
/// anything.
std::string what_was_thrown();

}  // namespace faceoff
