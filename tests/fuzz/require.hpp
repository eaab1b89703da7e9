#pragma once

#include <stdexcept>
#include <string>

namespace faceoff::fuzz {

/// What has to hold whatever the input is.
inline void require(bool holds, const std::string& what) {
  if (!holds) throw std::logic_error(what);
}

}  // namespace faceoff::fuzz
