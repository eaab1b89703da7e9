// The attack's objective and margin at each step.
#include <boost/algorithm/string/split.hpp>
#include <boost/lexical_cast.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <system_error>

#include "base/numbers.hpp"
#include "judge/interval.hpp"
#include "report/plots.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// What the items of a variant had at each step.
struct VariantSteps {
  std::map<std::int64_t, std::vector<double>> objective, margin;
};

/// A row "step,objective,margin"; what is no finite number is left out, as the margin of a loss that has none is.
void add_row(VariantSteps& steps, const std::string& row) {
  std::vector<std::string> cells;
  boost::split(cells, row, [](char c) { return c == ','; });
  std::int64_t step = 0;
  if (cells.size() != 3 || !boost::conversion::try_lexical_convert(cells[0], step)) return;
  const auto add = [&](std::map<std::int64_t, std::vector<double>>& to, const std::string& text) {
    double value = 0;
    if (boost::conversion::try_lexical_convert(text, value) && std::isfinite(value)) to[step].push_back(value);
  };
  add(steps.objective, cells[1]);
  add(steps.margin, cells[2]);
}

VariantSteps read_traces(const fs::path& folder) {
  VariantSteps steps;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() != ".csv") continue;
    std::ifstream file(entry.path());
    std::string row;
    for (std::getline(file, row); std::getline(file, row);) add_row(steps, row);
  }
  return steps;
}

/// Every how manieth step is taken, so that about so many are.
std::size_t stride(std::size_t steps, std::size_t most) {
  return std::max<std::size_t>((steps + most - 1) / most, 1);
}

/// Adds a series to a plot's rows and to the table.
void add_series(Figure& figure, Json* rows, const std::string& what, const std::string& series,
                const std::map<std::int64_t, std::vector<double>>& steps) {
  constexpr std::size_t drawn = 150, listed = 12;
  std::size_t at = 0;
  for (const auto& [step, unsorted] : steps) {
    std::vector<double> values = unsorted;
    std::ranges::sort(values);
    const double low = quantile(values, .25), middle = quantile(values, .5), high = quantile(values, .75);
    const bool last = ++at == steps.size();
    if (rows != nullptr && (last || (at - 1) % stride(steps.size(), drawn) == 0)) {
      rows->push_back({{"series", series},
                       {"step", step},
                       {"low", rounded(low)},
                       {"median", rounded(middle)},
                       {"high", rounded(high)},
                       {"items", values.size()}});
    }
    if (last || (at - 1) % stride(steps.size(), listed) == 0) {
      figure.rows.push_back({what, series, std::to_string(step), fixed(low, 4), fixed(middle, 4), fixed(high, 4),
                             std::to_string(values.size())});
    }
  }
}

Json plot_layers(const std::string& what, const std::vector<std::string>& series) {
  const auto value = [&](const std::string& field) {
    Json axis = quantity(field, what);
    axis["scale"] = {{"zero", false}};
    return axis;
  };
  const Json x = quantity("step", "step"), colour = series_colour(series);
  const Json tips = hints({{"series", "variant"},
                           {"step", "step"},
                           {"median", "median"},
                           {"low", "quartile"},
                           {"high", "quartile "},
                           {"items", "items"}});
  return {{{"mark", {{"type", "area"}, {"opacity", .16}}},
           {"encoding", {{"x", x}, {"y", value("low")}, {"y2", {{"field", "high"}}}, {"color", colour}}}},
          {{"mark", "line"},
           {"encoding", {{"x", x}, {"y", value("median")}, {"color", colour}, {"strokeDash", series_dashes(series)}}}},
          {{"mark", {{"type", "point"}, {"opacity", 0}, {"size", 60}}},
           {"encoding", {{"x", x}, {"y", value("median")}, {"tooltip", tips}}}}};
}

}  // namespace

std::vector<Figure> trace_figures(const fs::path& run, const Grid& grid) {
  Figure figure{
      "Steps of the attack",
      "What the optimizer minimised at each step, and the margin by which the goal is reached: the median over "
      "a variant's items, and the quartiles around it.",
      {},
      {"what", "variant", "step", "lower quartile", "median", "upper quartile", "items"},
      {}};
  std::vector<std::pair<std::string, VariantSteps>> traces;
  for (const GridColumn& column : grid.columns)
    traces.emplace_back(column_name(grid, column), read_traces(run / "traces" / column.variant));
  using Values = std::map<std::int64_t, std::vector<double>> VariantSteps::*;
  const std::vector<std::pair<std::string, Values>> kinds = {{"objective", &VariantSteps::objective},
                                                             {"margin", &VariantSteps::margin}};
  for (const auto& [what, values] : kinds) {
    Json rows = Json::array();
    std::vector<std::string> series;
    for (const auto& [name, steps] : traces) {
      if ((steps.*values).empty()) continue;
      const bool drawn = series.size() < most_series;
      add_series(figure, drawn ? &rows : nullptr, what, name, steps.*values);
      if (drawn) series.push_back(name);
    }
    if (!series.empty()) figure.plots.push_back({what, "", layered(rows, plot_layers(what, series), false)});
  }
  return drawable({figure});
}

}  // namespace faceoff
