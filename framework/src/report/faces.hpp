#pragma once

#include <filesystem>
#include <string>

#include "report/grid.hpp"

namespace faceoff {

/// The faces as HTML: a row a face, a column a variant, and in each cell the face before, what was changed, and the
/// face after, with the boxes around it. Each three open as one view of the whole window, without a script. The
/// pictures are within it; files are found from the run's folder.
std::string faces_table(const std::filesystem::path& run, const Grid& grid);

}  // namespace faceoff
