#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/environment.hpp"

namespace faceoff {

/// What the parts of a run say of themselves. Throws ConfigError where these are not parts of one run that was judged
/// alike, FileError where one is not as a run left it.
std::vector<Environment> require_parts(const std::vector<std::filesystem::path>& parts);

/// Puts the parts of a run together in a folder that is there and empty: pictures as links where the file system can do
/// that, results in the items' order, and an environment.json that names the parts and this command. Throws as
/// require_parts() does, and FileError where a part's picture is gone.
void merge_runs(const std::vector<std::filesystem::path>& parts, const std::filesystem::path& into,
                const std::vector<std::string>& command);

}  // namespace faceoff
