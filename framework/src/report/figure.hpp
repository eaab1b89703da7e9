#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"

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

/// A figure as HTML; its plots only where the page can draw them.
std::string figure_html(const Figure& figure, bool drawn);

}  // namespace faceoff
