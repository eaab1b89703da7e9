#pragma once

#include <filesystem>

namespace faceoff {

/// A folder of what comes with the program, beside it in the build tree as in a package: ../share/faceoff/NAME.
std::filesystem::path shared_folder(const std::filesystem::path& name);

}  // namespace faceoff
