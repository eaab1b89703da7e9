#include <faceoff/error.hpp>

#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"
#include "picture/header.hpp"

namespace faceoff::fuzz {

void picture_header(std::string_view input) {
  try {
    const PictureHeader header =
        read_header({reinterpret_cast<const std::uint8_t*>(input.data()), input.size()}, "input");
    require(header.width > 0 && header.height > 0, "no pixels");
    require(header.orientation >= 1 && header.orientation <= 8, "an orientation that is none");
    for (const Edit& edit : header.edits) require(edit.at < input.size(), "a byte beyond the end is to be changed");
  } catch (const PictureError&) {
  }
}

}  // namespace faceoff::fuzz
