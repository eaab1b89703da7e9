#include "picture/bounds.hpp"

#include <faceoff/error.hpp>

#include "base/memory.hpp"
#include "base/numbers.hpp"

namespace faceoff {

namespace {

std::string gigabytes(std::int64_t bytes) {
  return fixed(static_cast<double>(bytes) / 1e9, 1) + " GB";
}

}  // namespace

void require_bounds(const PictureHeader& header, const std::string& name, std::int64_t max_pixels,
                    std::int64_t bytes_a_pixel) {
  const std::string size =
      name + ": " + std::to_string(header.width) + " × " + std::to_string(header.height) + " pixels";
  if (header.width > max_pixels / header.height) {
    throw PictureError(size + ", more than the bound of " + shortest(static_cast<double>(max_pixels) / 1e6) +
                       " megapixels");
  }
  const std::int64_t needed = header.width * header.height * bytes_a_pixel, available = available_memory();
  if (needed > available) {
    throw PictureError(size + " take about " + gigabytes(needed) + " of memory here, and " + gigabytes(available) +
                       " are available; make it smaller, or give the process more");
  }
}

}  // namespace faceoff
