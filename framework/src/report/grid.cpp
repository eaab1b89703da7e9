#include "report/grid.hpp"

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <utility>

#include "base/lists.hpp"
#include "base/numbers.hpp"
#include "faces/matching.hpp"

namespace faceoff {

namespace {

constexpr const char* epsilon_key = "attack.epsilon";
constexpr const char* target_key = "attack.target";

/// A target's choice in plain words, "random, draw 2"; of one that has a name, nothing.
std::optional<std::string> target_words(const std::string& label) {
  static const std::regex choice("choice_(furthest|nearest|random)_(draw_([0-9]+)_)?");
  std::smatch found;
  if (!std::regex_match(label, found, choice)) return std::nullopt;
  return found.str(1) + (found[3].matched ? ", draw " + found.str(3) : std::string());
}

/// Whether two swept keys are called the same in every variant, as those of a [sweep.zip] with names are.
bool called_alike(const Choices& choices, const std::string& a, const std::string& b) {
  return std::ranges::all_of(choices, [&](const auto& variant) {
    const auto label = [&](const std::string& key) {
      const auto found = std::ranges::find(variant.second, key, &std::pair<std::string, std::string>::first);
      return found != variant.second.end() ? found->second : std::string();
    };
    return label(a) == label(b);
  });
}

/// What a variant is besides its epsilon.
std::string group_of(const std::string& variant, const Choices& choices) {
  const auto found = choices.find(variant);
  if (found == choices.end()) return variant == "base" ? "" : variant;
  std::vector<std::string> said;
  for (auto one = found->second.begin(); one != found->second.end(); ++one) {
    const auto& [key, label] = *one;
    const auto alike = [&](const auto& other) {
      return other.first != key && other.first != epsilon_key && called_alike(choices, other.first, key);
    };
    if (key == epsilon_key || std::any_of(found->second.begin(), one, alike)) continue;
    const std::optional<std::string> target = key == target_key ? target_words(label) : std::nullopt;
    const bool named = std::ranges::any_of(found->second, alike);
    said.push_back(target ? *target : named ? label : key.substr(key.rfind('.') + 1) + "=" + label);
  }
  return joined(said, ",");
}

Verdict saying(const Recognition& said) {
  Verdict word{said.name, said.role, {}, {}, {}, {}};
  if (said.outcome) word.letter = static_cast<char>(*said.outcome);
  if (const auto& cosines = said.target ? said.target : said.self) {
    word.before = cosines->at(0);
    word.after = cosines->at(1);
  } else if (said.best[1]) {
    word.after = said.best[1]->similarity;
  }
  return word;
}

Verdict sighting(const DetectorEvaluation& detector, std::size_t face) {
  Verdict word{detector.name, detector.role, "", {}, {}, {}};
  const auto score = [&](std::size_t which) -> std::optional<double> {
    const Detection::Sighting& seen = detector.seen.at(which).faces.at(face);
    if (!still_found(seen.score, seen.iou, detector.minimum_score)) return std::nullopt;
    word.boxes.at(which) = seen.box;
    return seen.score;
  };
  word.before = score(0);
  word.after = score(1);
  return word;
}

/// Groups in the order of their first variant, each with its epsilons rising.
void sort_columns(Grid& grid) {
  std::vector<std::string> groups;
  std::set<std::string> epsilons;
  for (const GridColumn& column : grid.columns) {
    add_once(groups, column.group);
    epsilons.insert(column.epsilon);
  }
  grid.by_epsilon = epsilons.size() > 1 && grid.columns.size() == groups.size() * epsilons.size();
  std::ranges::stable_sort(grid.columns, {}, [&](const GridColumn& column) {
    const auto group = std::ranges::find(groups, column.group) - groups.begin();
    return std::pair(group, column.epsilon.empty() ? 0. : std::stod(column.epsilon));
  });
}

GridCell cell_of(const EvaluationLine& line, std::size_t f) {
  const FaceEvaluation& face = line.seen.faces[f];
  GridCell cell{
      line.output, difference_place(line.variant, line.output).string(), face.who.target, line.quality.psnr, {}, {}};
  for (const Recognition& said : face.models) cell.recognisers.push_back(saying(said));
  for (const DetectorEvaluation& detector : line.seen.detectors) cell.detectors.push_back(sighting(detector, f));
  return cell;
}

}  // namespace

Grid make_grid(const std::vector<EvaluationLine>& lines, const Choices& choices) {
  Grid grid;
  if (lines.empty()) return grid;
  const bool delivered =
      std::ranges::any_of(lines, [](const EvaluationLine& line) { return line.seen.after == "png"; });
  grid.after = delivered ? "png" : lines.front().seen.after;
  for (const EvaluationLine& line : lines) {
    if (line.seen.after != grid.after ||
        std::ranges::find(grid.columns, line.variant, &GridColumn::variant) != grid.columns.end())
      continue;
    grid.columns.push_back(
        {line.variant, group_of(line.variant, choices), line.epsilon ? shortest(*line.epsilon) : ""});
  }
  sort_columns(grid);
  const std::size_t most = std::max<std::size_t>(most_cells / grid.columns.size(), 1);
  std::map<std::pair<std::string, std::size_t>, std::size_t> places;  // of faces, those without a row too
  for (const EvaluationLine& line : lines) {
    if (line.seen.after != grid.after) continue;
    const auto column = std::ranges::find(grid.columns, line.variant, &GridColumn::variant) - grid.columns.begin();
    for (std::size_t f = 0; f < line.seen.faces.size(); ++f) {
      const auto [place, fresh] = places.try_emplace({line.picture, f}, grid.faces);
      if (fresh && grid.faces++ < most) {
        const FaceEvaluation& face = line.seen.faces[f];
        grid.rows.push_back({line.picture, face.who.person, face.box, static_cast<int>(f) + 1, {}});
        grid.rows.back().cells.resize(grid.columns.size());
      }
      if (place->second < most) grid.rows[place->second].cells[static_cast<std::size_t>(column)] = cell_of(line, f);
    }
  }
  return grid;
}

std::string column_name(const Grid& grid, const GridColumn& column) {
  if (!grid.by_epsilon) return column.variant;
  return (column.group.empty() ? "" : column.group + ", ") + "ε " + column.epsilon;
}

std::vector<std::string> series_names(const Grid& grid) {
  std::vector<std::string> names = {"clean"};
  for (const GridColumn& column : grid.columns) names.push_back(column_name(grid, column));
  return names;
}

}  // namespace faceoff
