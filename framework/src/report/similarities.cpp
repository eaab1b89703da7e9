#include "report/similarities.hpp"

#include <algorithm>

namespace faceoff {

namespace {

void add(std::vector<double>& cosines, const Json& both, std::size_t which) {
  if (!both.is_null() && !both.at(which).is_null()) cosines.push_back(both.at(which));
}

SimilaritiesOf& of(std::vector<SimilaritiesOf>& all, const std::string& name, const std::string& role) {
  const auto found =
      std::ranges::find_if(all, [&](const SimilaritiesOf& one) { return one.name == name && one.role == role; });
  return found != all.end() ? *found : all.emplace_back(SimilaritiesOf{name, role, {}});
}

}  // namespace

Similarities similarities(const Grid& grid, const std::vector<Json>& lines) {
  Similarities all{{"clean"}, {}};
  for (const GridColumn& column : grid.columns) all.series.push_back(column_name(grid, column));
  for (const Json& line : lines) {
    if (line.at("after") != grid.after) continue;
    const auto column = std::ranges::find(grid.columns, line.at("variant").get<std::string>(), &GridColumn::variant);
    for (const Json& face : line.at("faces")) {
      for (const Json& said : face.at("models")) {
        SimilaritiesOf& recogniser = of(all.recognisers, said.at("name"), said.at("role"));
        const auto add_to = [&](Cosines& cosines, std::size_t which) {
          if (face.at("known") == true) add(cosines.self, said.at("self"), which);
          add(cosines.target, said.at("target"), which);
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
