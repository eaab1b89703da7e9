#pragma once

#include <string_view>

namespace faceoff {

/// SHA-256, in hex, of the sources of the SDK and of all rooms that an item's result comes from: two programs with one
/// digest attack and judge alike. The build makes it (framework/cmake/sources_digest.cmake).
std::string_view sources_digest();

}  // namespace faceoff
