#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace faceoff {

/// What libtiff says of the pixels of a TIFF that can't be unpacked, or are cut short; empty where they are whole.
/// OpenCV shows such pixels as black or grey, and says nothing.
std::string damage_of_tiff(std::span<const std::uint8_t> bytes);

}  // namespace faceoff
