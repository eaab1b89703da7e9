#include "report/grid.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <utility>

#include "base/numbers.hpp"
#include "faces/matching.hpp"
#include "judge/evaluation_record.hpp"

namespace faceoff {

namespace {

std::string text_or_empty(const Json& value) {
  return value.is_null() ? "" : value.get<std::string>();
}

std::optional<double> number(const Json& value) {
  return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

Box box_of(const Json& box) {
  return {box.at(0), box.at(1), box.at(2), box.at(3)};
}

/// What a variant is besides its epsilon; a target's choice in plain words, "random, draw 2".
std::string group_of(const Json& line) {
  static const std::regex epsilon("(^|,)epsilon=[^,]*"), choice("target=choice_(furthest|nearest|random)_"),
      draw("draw_([0-9]+)_");
  std::string group = std::regex_replace(line.at("variant").get<std::string>(), epsilon, "");
  if (group.starts_with(',')) group.erase(0, 1);
  const std::string chosen = std::regex_replace(group, choice, "$1");
  return chosen == group ? group : std::regex_replace(chosen, draw, ", draw $1");
}

GridColumn column_of(const Json& line) {
  return {line.at("variant"), group_of(line), line.at("epsilon").is_null() ? "" : shortest(line.at("epsilon"))};
}

Saying saying(const Json& said) {
  const Json& target = said.at("target");
  const Json& best = said.at("best");
  Saying word{said.at("name"), said.at("role"), text_or_empty(said.at("outcome")), {}, {}, {}};
  if (!target.is_null()) {
    word.before = number(target.at(0));
    word.after = number(target.at(1));
  } else if (!said.at("self").is_null()) {
    word.before = number(said.at("self").at(0));
    word.after = number(said.at("self").at(1));
  } else if (!best.at(1).is_null()) {
    word.after = number(best.at(1).at("similarity"));
  }
  return word;
}

Saying sighting(const Json& detector, std::size_t face) {
  const auto score = [&](std::size_t which) {
    const Json& seen = detector.at("seen").at(which).at("faces").at(face);
    const bool found = still_found(seen.at("score"), seen.at("iou"), detector.at("minimum_score"));
    return found ? number(seen.at("score")) : std::nullopt;
  };
  const auto box = [&](std::size_t which) {
    const Json& place = detector.at("seen").at(which).at("faces").at(face).at("box");
    return score(which) ? std::optional(box_of(place)) : std::nullopt;
  };
  return {detector.at("name"), detector.at("role"), "", score(0), score(1), {box(0), box(1)}};
}

/// The rows of a grid, found again by picture and face.
class Rows {
 public:
  explicit Rows(Grid& grid) : grid_(grid), most_(std::max<std::size_t>(most_cells / grid.columns.size(), 1)) {}

  /// Null where there are rows enough.
  GridRow* of(const Json& line, std::size_t f) {
    const auto [place, fresh] = places_.try_emplace({line.at("picture"), f}, grid_.faces);
    if (fresh && grid_.faces++ < most_) {
      const Json& face = line.at("faces").at(f);
      GridRow& row = grid_.rows.emplace_back(
          GridRow{line.at("picture"), face.at("person"), box_of(face.at("box")), static_cast<int>(f) + 1, {}});
      row.cells.resize(grid_.columns.size());
    }
    return place->second < most_ ? &grid_.rows[place->second] : nullptr;
  }

 private:
  Grid& grid_;
  std::size_t most_;
  std::map<std::pair<std::string, std::size_t>, std::size_t> places_;
};

}  // namespace

Grid make_grid(const std::vector<Json>& lines) {
  Grid grid;
  if (lines.empty()) return grid;
  const bool delivered = std::ranges::any_of(lines, [](const Json& line) { return line.at("after") == "png"; });
  grid.after = delivered ? "png" : lines.front().at("after").get<std::string>();
  for (const Json& line : lines) {
    if (line.at("after") != grid.after) continue;
    const GridColumn column = column_of(line);
    if (std::ranges::find(grid.columns, column.variant, &GridColumn::variant) == grid.columns.end())
      grid.columns.push_back(column);
  }
  // Groups in the order of their first variant, each with its epsilons rising.
  std::vector<std::string> groups;
  std::set<std::string> epsilons;
  for (const GridColumn& column : grid.columns) {
    if (std::ranges::find(groups, column.group) == groups.end()) groups.push_back(column.group);
    epsilons.insert(column.epsilon);
  }
  grid.by_epsilon = epsilons.size() > 1 && grid.columns.size() == groups.size() * epsilons.size();
  std::ranges::stable_sort(grid.columns, {}, [&](const GridColumn& column) {
    const auto group = std::ranges::find(groups, column.group) - groups.begin();
    return std::pair(group, column.epsilon.empty() ? 0. : std::stod(column.epsilon));
  });
  Rows rows(grid);
  for (const Json& line : lines) {
    if (line.at("after") != grid.after) continue;
    const auto column = static_cast<std::size_t>(
        std::ranges::find(grid.columns, line.at("variant").get<std::string>(), &GridColumn::variant) -
        grid.columns.begin());
    for (std::size_t f = 0; f < line.at("faces").size(); ++f) {
      GridRow* row = rows.of(line, f);
      if (row == nullptr) continue;
      const Json& face = line.at("faces").at(f);
      GridCell cell{line.at("output"),
                    difference_place(line.at("variant"), line.at("output")).string(),
                    text_or_empty(face.at("target")),
                    number(line.at("psnr")),
                    {},
                    {}};
      for (const Json& said : face.at("models")) cell.recognisers.push_back(saying(said));
      for (const Json& detector : line.at("detectors")) cell.detectors.push_back(sighting(detector, f));
      row->cells[column] = std::move(cell);
    }
  }
  return grid;
}

std::string column_name(const Grid& grid, const GridColumn& column) {
  if (!grid.by_epsilon) return column.variant;
  return (column.group.empty() ? "" : column.group + ", ") + "ε " + column.epsilon;
}

}  // namespace faceoff
