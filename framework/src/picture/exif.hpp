#pragma once

#include <string>
#include <string_view>

namespace faceoff {

/// 1 to 8, as EXIF says it from its TIFF header on.
int exif_orientation(std::string_view exif);

/// EXIF for the picture as it is delivered: it needs no turning any more, and the previews, of the camera's maker, too,
/// which show it as it was, are overwritten with zeros. Empty where it is damaged, or has previews of another kind.
std::string exif_of_delivered(std::string exif);

}  // namespace faceoff
