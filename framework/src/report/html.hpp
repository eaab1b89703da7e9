#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "evaluate/tally.hpp"
#include "report/grid.hpp"

namespace faceoff {

/// Text with what HTML or XML reads as its own escaped.
std::string escape_html(const std::string& text);

/// The report as one file; thumbnails of the pictures, found from the run's folder, are within it.
std::string to_html(const std::filesystem::path& run, const std::string& name, const std::string& judged,
                    const Grid& grid, const std::vector<Tally>& tallies);

}  // namespace faceoff
