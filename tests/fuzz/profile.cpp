#include "picture/profile.hpp"

#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"

namespace faceoff::fuzz {

void profile(std::string_view input) {
  for (const std::string& profile : {std::string(input), icc::of_png(input)}) {
    icc::is_srgb(profile);
    if (!icc::is_of(profile, 1) && !icc::is_of(profile, 3)) continue;
    icc::as_parts(profile, PictureFormat::jpeg);
    const std::string png = icc::as_parts(profile, PictureFormat::png);
    constexpr std::size_t length_and_type = 8, checksum = 4;
    require(
        icc::of_png(std::string_view(png).substr(length_and_type, png.size() - length_and_type - checksum)) == profile,
        "what is written reads otherwise");
  }
}

}  // namespace faceoff::fuzz
