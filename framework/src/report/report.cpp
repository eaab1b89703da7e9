#include "report/report.hpp"

#include "picture/files.hpp"
#include "report/grid.hpp"
#include "report/html.hpp"
#include "report/latex.hpp"

namespace faceoff {

void write_report(const std::filesystem::path& run, const std::string& name, const std::string& judged,
                  const std::vector<Json>& lines, const std::vector<Tally>& tallies) {
  const Grid grid = make_grid(lines);
  write_atomically(run / "report.html", to_html(run, name, judged, grid, tallies));
  write_atomically(run / "report.tex", to_latex(run, name, judged, grid, tallies));
}

}  // namespace faceoff
