#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "judge/tally.hpp"
#include "report/grid.hpp"

namespace faceoff {

/// A plot as Vega-Lite reads it.
struct Plot {
  std::string title;
  std::string role;  ///< of the model that it is about, or empty
  Json spec;
};

/// Plots that belong together, and their numbers as a table, all plain text.
struct Figure {
  std::string title, caption;
  std::vector<Plot> plots;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

/// So many lines can be told apart in one plot; the tables have all.
constexpr std::size_t most_series = 8;

/// A quantitative axis: a field with its title, and its lowest and highest value where they are fixed.
Json quantity(const std::string& field, const std::string& title, const Json& domain = nullptr);

/// Colour and dashes of the field "series", in this order.
Json series_colour(const std::vector<std::string>& series);
Json series_dashes(const std::vector<std::string>& series);

/// What a reader sees under the pointer: fields with their titles.
Json hints(const std::vector<std::pair<std::string, std::string>>& fields);

/// Layers over the same rows, as wide as the page has room. The page's script gives it its colours; where
/// `clean_first` is set, the first series is the control's grey.
Json layered(const Json& rows, const Json& layers, bool clean_first);

/// Those that have something to draw.
std::vector<Figure> drawable(std::vector<Figure> figures);

/// A figure as HTML; its plots only where the page can draw them.
std::string figure_html(const Figure& figure, bool drawn);

/// Success against epsilon, where there are several, and against the false accept rate.
std::vector<Figure> success_figures(const Grid& grid, const std::vector<Tally>& tallies);

/// The thresholds of recognisers, by name: cosines by false accept rate.
using Thresholds = std::map<std::string, std::map<double, double>>;

/// From the lines of evaluation.jsonl that the grid shows: cosines before and after, and how well they tell the person
/// from the target.
std::vector<Figure> cosine_figures(const Grid& grid, const std::vector<EvaluationLine>& lines,
                                   const Thresholds& thresholds);

/// The attack's objective and margin at each step, from a run's traces, where there are some.
std::vector<Figure> trace_figures(const std::filesystem::path& run, const Grid& grid);

}  // namespace faceoff
