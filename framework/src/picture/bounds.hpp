#pragma once

#include <cstdint>
#include <string>

#include "picture/header.hpp"

namespace faceoff {

/// What a pixel takes at the most at once where a picture is read, looked at by models that see it smaller, and
/// written: the peak of `faceoff run experiments/hide_from_detector.toml` over one without a face, of 27 megapixels,
/// was 1.3 GB, and .35 GB of it were there before.
constexpr std::int64_t bytes_a_pixel_read = 40;

/// Throws PictureError where a picture has more pixels than are read, or where so many bytes a pixel are more memory
/// than there is.
void require_bounds(const PictureHeader& header, const std::string& name, std::int64_t max_pixels,
                    std::int64_t bytes_a_pixel);

}  // namespace faceoff
