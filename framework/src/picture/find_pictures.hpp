#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace faceoff {

/// Whether a folder has folders in it, as people have (LFW's layout).
bool has_folders(const std::filesystem::path& folder);

/// The files that patterns name, sorted within a pattern, each once: a file, a glob, or a folder's pictures.
std::vector<std::filesystem::path> expand_pictures(const std::vector<std::string>& patterns);

}  // namespace faceoff
