#pragma once

#include <string>
#include <string_view>

#include "picture/picture.hpp"

namespace faceoff {

/// 1 to 8, as EXIF says it from its TIFF header on.
int exif_orientation(std::string_view exif);

/// EXIF for the picture as it is delivered: it needs no turning any more, and the previews, of the camera's maker, too,
/// which show it as it was, are overwritten with zeros. Empty where it is damaged, or has previews of another kind.
std::string exif_of_delivered(std::string exif);

/// EXIF as a part of a file of that format, for with_parts(); empty where it is too large for one.
std::string exif_as_part(std::string_view exif, PictureFormat format);

}  // namespace faceoff
