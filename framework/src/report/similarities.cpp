#include "report/similarities.hpp"

#include <algorithm>

namespace faceoff {

namespace {

void add(std::vector<double>& cosines, const std::optional<BeforeAfter<std::optional<double>>>& both,
         std::size_t which) {
  if (both && both->at(which)) cosines.push_back(*both->at(which));
}

SimilaritiesOf& of(std::vector<SimilaritiesOf>& all, const std::string& name, const std::string& role) {
  const auto found =
      std::ranges::find_if(all, [&](const SimilaritiesOf& one) { return one.name == name && one.role == role; });
  return found != all.end() ? *found : all.emplace_back(SimilaritiesOf{name, role, {}});
}

}  // namespace

Similarities similarities(const Grid& grid, const std::vector<EvaluationLine>& lines) {
  Similarities all{{"clean"}, {}};
  for (const GridColumn& column : grid.columns) all.series.push_back(column_name(grid, column));
  for (const EvaluationLine& line : lines) {
    if (line.seen.after != grid.after) continue;
    const auto column = std::ranges::find(grid.columns, line.variant, &GridColumn::variant);
    for (const FaceEvaluation& face : line.seen.faces) {
      for (const Recognition& said : face.models) {
        SimilaritiesOf& recogniser = of(all.recognisers, said.name, said.role);
        const auto add_to = [&](Cosines& cosines, std::size_t which) {
          if (face.who.known) add(cosines.self, said.self, which);
          add(cosines.target, said.target, which);
        };
        // The clean pictures are the same under every variant; their targets may differ.
        if (column == grid.columns.begin()) add_to(recogniser.series["clean"], 0);
        add_to(recogniser.series[column_name(grid, *column)], 1);
      }
    }
  }
  return all;
}

}  // namespace faceoff
