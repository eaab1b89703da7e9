#include "picture/exif.hpp"

#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"

namespace faceoff::fuzz {

void exif(std::string_view input) {
  const int orientation = exif_orientation(input);
  require(orientation >= 1 && orientation <= 8, "an orientation that is none");
  const std::string delivered = exif_of_delivered(std::string(input));
  require(exif_orientation(delivered) == 1, "what is delivered would be turned again");
  require(delivered.empty() || delivered.size() == input.size(), "EXIF has moved");
  for (const PictureFormat format : {PictureFormat::png, PictureFormat::jpeg}) exif_as_part(delivered, format);
}

}  // namespace faceoff::fuzz
