#include "report/report.hpp"

#include <algorithm>
#include <iterator>

#include "base/files.hpp"
#include "report/faces.hpp"
#include "report/latex.hpp"
#include "report/page.hpp"
#include "report/tables.hpp"

namespace faceoff {

bool write_report(const std::filesystem::path& run, const std::string& name, const Judged& judged,
                  const std::vector<EvaluationLine>& lines, const std::vector<Tally>& tallies) {
  const Grid grid = make_grid(lines, judged.choices);
  std::vector<Figure> figures = success_figures(grid, tallies);
  const Similarities cosines = similarities(grid, lines);
  for (std::vector<Figure> more :
       {histogram_figures(cosines, judged.thresholds), telling_figures(cosines), trace_figures(run, grid)})
    std::ranges::move(more, std::back_inserter(figures));
  const auto scripts = plot_scripts();
  const Page page{name,
                  judged.words,
                  {{"recognisers", "Recognisers", recognisers_table(tallies)},
                   {"detectors", "Detectors", detectors_table(tallies)},
                   plots_section(figures, scripts.has_value()),
                   {"faces", "Faces", faces_table(run, grid)}}};
  write_atomically(run / "report.html", to_html(page, scripts.value_or(std::vector<std::string>())));
  write_atomically(run / "report.tex", to_latex(run, name, judged.words, grid, tallies));
  return scripts.has_value() || figures.empty();
}

}  // namespace faceoff
