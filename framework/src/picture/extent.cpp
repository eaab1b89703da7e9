#include "picture/extent.hpp"

#include <utility>

#include "base/files.hpp"
#include "picture/header.hpp"

namespace faceoff {

Extent extent_of(const std::filesystem::path& file) {
  constexpr std::size_t largest_file = std::size_t{1} << 30;
  const PictureHeader header = read_header(read_file(file, largest_file), file.string());
  Extent extent{header.height, header.width};
  if (header.orientation >= 5) std::swap(extent.height, extent.width);  // EXIF: these swap the sides
  return extent;
}

}  // namespace faceoff
