// What plots share.
#include <array>
#include <utility>

#include "report/html.hpp"
#include "report/plots.hpp"

namespace faceoff {

namespace {

/// What a figure's plots of one role say; attacked and judging models are never in one box.
constexpr std::array<std::pair<const char*, const char*>, 4> roles = {
    {{"", ""},
     {"held_out", "<p>held-out models: what the attack is worth elsewhere</p>"},
     {"related", "<p>related models: they share weights or training with an attacked one</p>"},
     {"surrogate", "<p>attacked models: what the attack was made against</p>"}}};

std::string plots_html(const Figure& figure) {
  std::string text;
  for (const auto& [role, words] : roles) {
    std::string plots;
    for (const Plot& one : figure.plots) {
      if (one.role != role) continue;
      plots += "<div class=\"panel\"><h4>" + escape_html(one.title) + "</h4><div class=\"plot\"></div>" +
               data_block("spec", one.spec) + "</div>\n";
    }
    if (plots.empty()) continue;
    text += std::string("<div class=\"panels ") + role + "\">" + words + "\n" + plots + "</div>\n";
  }
  return text;
}

}  // namespace

Json quantity(const std::string& field, const std::string& title, const Json& domain) {
  Json axis = {{"field", field}, {"type", "quantitative"}, {"title", title}};
  if (!domain.is_null()) axis["scale"] = {{"domain", domain}, {"nice", false}};
  return axis;
}

Json series_colour(const std::vector<std::string>& series) {
  return {{"field", "series"},
          {"type", "nominal"},
          {"scale", {{"domain", series}}},
          {"legend", series.size() > 1 ? Json::object() : Json(nullptr)}};
}

Json series_dashes(const std::vector<std::string>& series) {
  Json dashes = series_colour(series);
  static const std::vector<Json> all = {{1, 0}, {8, 3}, {2, 2.5}, {9, 3, 2, 3}, {5, 2}, {12, 3, 2, 3, 2, 3},
                                        {4, 4}, {1, 3}};
  Json range = Json::array();
  for (std::size_t i = 0; i < series.size(); ++i) range.push_back(all.at(i % all.size()));
  dashes["scale"]["range"] = range;
  return dashes;
}

Json hints(const std::vector<std::pair<std::string, std::string>>& fields) {
  Json all = Json::array();
  for (const auto& [field, title] : fields) all.push_back({{"field", field}, {"title", title}});
  return all;
}

Json layered(const Json& rows, const Json& layers, bool clean_first) {
  return {{"width", "container"},
          {"height", 230},
          {"autosize", {{"type", "fit"}, {"contains", "padding"}}},
          {"usermeta", {{"clean_first", clean_first}}},
          {"data", {{"values", rows}}},
          {"layer", layers}};
}

std::vector<Figure> drawable(std::vector<Figure> figures) {
  std::erase_if(figures, [](const Figure& figure) { return figure.plots.empty(); });
  return figures;
}

std::string figure_html(const Figure& figure, bool drawn) {
  std::string head = "<tr>", rows;
  for (const std::string& column : figure.head) head += cell(escape_html(column), "th");
  for (const std::vector<std::string>& row : figure.rows) {
    rows += "<tr>";
    for (const std::string& value : row) rows += cell(escape_html(value), "td");
    rows += "</tr>\n";
  }
  return "<figure>\n<figcaption><h3>" + escape_html(figure.title) + "</h3><p>" + escape_html(figure.caption) +
         "</p></figcaption>\n" + (drawn ? plots_html(figure) : "") + "<details><summary>numbers</summary>\n" +
         scrolling_table(head + "</tr>", rows) + "</details>\n</figure>\n";
}

}  // namespace faceoff
