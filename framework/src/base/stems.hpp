#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace faceoff {

/// A name each for the delivered pictures: the stem, and where two pictures share it or it is very long, its beginning
/// and a hash of the path.
std::map<std::filesystem::path, std::string> delivered_stems(const std::vector<std::filesystem::path>& pictures);

}  // namespace faceoff
