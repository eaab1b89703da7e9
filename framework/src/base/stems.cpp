#include "base/stems.hpp"

#include <boost/algorithm/string/case_conv.hpp>

#include <algorithm>

#include "base/files.hpp"

namespace faceoff {

namespace fs = std::filesystem;

std::map<fs::path, std::string> delivered_stems(const std::vector<fs::path>& pictures) {
  // Some file systems take A.png for a.png.
  const auto plain = [](const fs::path& picture) { return boost::to_lower_copy(picture.stem().string()); };
  constexpr std::size_t longest = 200;  // a file's name has at most 255 bytes, and the temporary one's is longer
  std::map<std::string, int> count;
  for (const fs::path& picture : pictures) ++count[plain(picture)];
  std::map<fs::path, std::string> stems;
  for (const fs::path& picture : pictures) {
    const std::string stem = picture.stem().string();
    const bool told_apart = count[plain(picture)] > 1 || stem.size() > longest;
    std::size_t length = std::min(longest, stem.size());
    while (length < stem.size() && length > 0 && (static_cast<unsigned char>(stem[length]) & 0xC0U) == 0x80U)
      --length;  // a character is kept whole
    stems[picture] = told_apart ? stem.substr(0, length) + "-" + sha256(picture.string()).substr(0, 8) : stem;
  }
  return stems;
}

}  // namespace faceoff
