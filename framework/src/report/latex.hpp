#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "judge/tally.hpp"
#include "report/grid.hpp"

namespace faceoff {

/// Text with what LaTeX reads as its own escaped; what pdflatex has no letter for is a question mark.
std::string escape_latex(const std::string& text);

/// The report for pdflatex. Its thumbnails are written to report/ in the run's folder.
std::string to_latex(const std::filesystem::path& run, const std::string& name, const std::string& judged,
                     const Grid& grid, const std::vector<Tally>& tallies);

}  // namespace faceoff
