#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "judge/tally.hpp"
#include "report/faces.hpp"
#include "report/grid.hpp"
#include "report/plots.hpp"

namespace faceoff {

/// framework/report/page.css and page.js, as they were when this was built.
extern const char* const page_style;
extern const char* const page_script;

/// The scripts that draw plots, in the order in which they run; none where the set-up did not fetch them.
std::vector<std::string> plot_scripts();

/// A part of a page, with a name for links.
struct PageSection {
  std::string id, title;
  std::string html;  ///< empty: there is nothing to say
};

/// What a page says.
struct Page {
  std::string name, judged;  ///< plain text: its heading, and in a sentence who judged
  std::vector<PageSection> sections;
};

/// A section of plots, or of their numbers alone where the page has nothing to draw with.
PageSection plots_section(const std::vector<Figure>& figures, bool drawn);

/// A page that needs no other file, whose policy lets nothing run or load but what is in it; the same bytes for the
/// same content. `scripts` are what draws its plots.
std::string to_html(const Page& page, const std::vector<std::string>& scripts);

/// Text with what LaTeX reads as its own escaped; what pdflatex has no letter for is a question mark.
std::string escape_latex(const std::string& text);

/// The report for pdflatex, whose thumbnails are written to report/ beside it.
std::string to_latex(const ReportPlaces& at, const std::string& name, const std::string& judged, const Grid& grid,
                     const std::vector<Tally>& tallies);

}  // namespace faceoff
