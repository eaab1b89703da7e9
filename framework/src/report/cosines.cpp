// Cosines before and after, and how well they tell the person from the target.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "base/numbers.hpp"
#include "judge/recognition.hpp"
#include "report/plots.hpp"
#include "report/tables.hpp"

namespace faceoff {

namespace {

/// Cosines of the faces that were found: with the person's own other photos, where there are some, and with the
/// target's.
struct Cosines {
  std::vector<double> self, target;
};

/// What one recogniser says, by series.
struct Similarities {
  std::string name, role;
  std::map<std::string, Cosines> series;
};

std::vector<Similarities> similarities(const Grid& grid, const std::vector<EvaluationLine>& lines) {
  std::vector<Similarities> all;
  for (const EvaluationLine& line : lines) {
    if (line.seen.after != grid.after) continue;
    const auto column = std::ranges::find(grid.columns, line.variant, &GridColumn::variant);
    for (const FaceEvaluation& face : line.seen.faces) {
      for (const Recognition& said : face.models) {
        auto recogniser = std::ranges::find_if(
            all, [&](const Similarities& one) { return one.name == said.name && one.role == said.role; });
        if (recogniser == all.end()) recogniser = all.insert(recogniser, {said.name, said.role, {}});
        const auto add_to = [&](Cosines& cosines, std::size_t which) {
          if (face.who.known && said.self && said.self->at(which)) cosines.self.push_back(*said.self->at(which));
          if (said.target && said.target->at(which)) cosines.target.push_back(*said.target->at(which));
        };
        // The clean pictures are the same under every variant; their targets may differ.
        if (column == grid.columns.begin()) add_to(recogniser->series["clean"], 0);
        add_to(recogniser->series[column_name(grid, *column)], 1);
      }
    }
  }
  return all;
}

/// Equal bins of cosines.
struct Bins {
  double first = 0, width = 1;
  int count = 0;

  double from(int i) const { return first + width * i; }
  std::size_t of(double cosine) const {
    return static_cast<std::size_t>(std::clamp(static_cast<int>(std::floor((cosine - first) / width)), 0, count - 1));
  }
};

/// From the lowest of these cosines to the highest and an empty bin on either side, of a round width, about 30 at most.
Bins bins_over(const std::vector<double>& cosines) {
  constexpr std::array<double, 5> widths = {.005, .01, .02, .05, .1};
  constexpr double most = 30;
  const auto [low, high] = std::ranges::minmax(cosines);
  const auto fits = [range = high - low](double width) { return range / width <= most; };
  const double width = *std::ranges::find_if(widths, fits);
  const double first = std::floor(low / width) - 1, last = std::floor(high / width) + 2;
  return {first * width, width, static_cast<int>(last - first)};
}

/// "1e-3"
std::string rate_name(double rate) {
  const auto found = std::ranges::find(false_accept_rates, rate, [](const auto& one) { return one.second; });
  return found != false_accept_rates.end() ? found->first : shortest(rate);
}

/// The thresholds of a recogniser as rows of a plot: false accept rate and cosine.
Json rules_of(const Thresholds& thresholds, const std::string& name) {
  Json rules = Json::array();
  const auto found = thresholds.find(name);
  if (found == thresholds.end()) return rules;
  for (const auto& [rate, cosine] : found->second) rules.push_back({{"cosine", cosine}, {"rate", rate_name(rate)}});
  return rules;
}

Json histogram(const Json& rows, const Json& rules, const std::vector<std::string>& series,
               std::array<double, 2> range) {
  const Json x = quantity("from", "cosine", range), y = quantity("share", "% of the faces");
  const Json colour = series_colour(series);
  const Json tips = hints({{"series", "pictures"}, {"from", "from"}, {"to", "to"}, {"faces", "faces"}, {"share", "%"}});
  Json layers = {
      {{"transform", {{{"filter", {{"field", "series"}, {"equal", "clean"}}}}}},
       {"mark", {{"type", "rect"}, {"opacity", .3}}},
       {"encoding", {{"x", x}, {"x2", {{"field", "to"}}}, {"y", y}, {"y2", {{"datum", 0}}}, {"color", colour}}}},
      {{"mark", {{"type", "line"}, {"interpolate", "step-after"}}},
       {"encoding", {{"x", x}, {"y", y}, {"color", colour}, {"strokeDash", series_dashes(series)}}}},
      {{"mark", {{"type", "rect"}, {"opacity", 0}}},
       {"encoding", {{"x", x}, {"x2", {{"field", "to"}}}, {"y", y}, {"y2", {{"datum", 0}}}, {"tooltip", tips}}}}};
  if (!rules.empty()) {
    const Json at = {{"field", "cosine"}, {"type", "quantitative"}};
    layers.push_back({{"data", {{"values", rules}}},
                      {"mark", {{"type", "rule"}, {"strokeDash", {4, 3}}}},
                      {"encoding", {{"x", at}, {"tooltip", hints({{"rate", "threshold at"}, {"cosine", "cosine"}})}}}});
    layers.push_back({{"data", {{"values", rules}}},
                      {"mark", {{"type", "text"}, {"angle", 270}, {"align", "right"}, {"dy", -5}, {"fontSize", 9}}},
                      {"encoding", {{"x", at}, {"y", {{"value", 2}}}, {"text", {{"field", "rate"}}}}}});
  }
  return layered(rows, layers, true);
}

void add_histogram(Figure& figure, const Similarities& recogniser, const std::string& title,
                   std::vector<double> Cosines::*kind, std::vector<std::string> series, const Json& rules) {
  std::vector<double> all;
  for (const auto& [name, cosines] : recogniser.series)
    all.insert(all.end(), (cosines.*kind).begin(), (cosines.*kind).end());
  if (all.empty()) return;
  for (const Json& rule : rules) all.push_back(rule.at("cosine"));
  const Bins bins = bins_over(all);
  std::erase_if(series, [&](const std::string& name) {
    const auto found = recogniser.series.find(name);
    return found == recogniser.series.end() || (found->second.*kind).empty();
  });
  Json rows = Json::array();
  for (std::size_t s = 0; s < series.size(); ++s) {
    const std::vector<double>& cosines = recogniser.series.at(series[s]).*kind;
    std::vector<int> counts(static_cast<std::size_t>(bins.count));
    for (const double cosine : cosines) ++counts[bins.of(cosine)];
    for (int i = 0; i < bins.count; ++i) {
      const int faces = counts.at(static_cast<std::size_t>(i));
      const double from = bins.from(i), to = bins.from(i + 1);
      if (faces > 0) {
        figure.rows.push_back({recogniser.name, role_name(recogniser.role), title, series[s], fixed(from, 3),
                               fixed(to, 3), std::to_string(faces)});
      }
      if (s >= most_series) continue;
      rows.push_back({{"series", series[s]},
                      {"from", rounded(from)},
                      {"to", rounded(to)},
                      {"faces", faces},
                      {"share", rounded(100. * faces / static_cast<double>(cosines.size()))}});
    }
  }
  if (series.size() > most_series) series.resize(most_series);
  figure.plots.push_back({recogniser.name + ": " + title, recogniser.role,
                          histogram(rows, rules, series, {bins.from(0), bins.from(bins.count)})});
}

/// How well a cosine tells the one kind from the other at every threshold.
struct Roc {
  std::vector<std::array<double, 2>> points;  ///< false and true accept rate, rising
  double area = 0;
};

Roc measure(std::vector<double> right, std::vector<double> wrong) {
  std::ranges::sort(right, std::greater<>{});
  std::ranges::sort(wrong, std::greater<>{});
  Roc roc{{{0, 0}}, 0};
  std::size_t r = 0, w = 0;
  while (r < right.size() || w < wrong.size()) {
    const double threshold = std::max(r < right.size() ? right[r] : -2, w < wrong.size() ? wrong[w] : -2);
    while (r < right.size() && right[r] >= threshold) ++r;
    while (w < wrong.size() && wrong[w] >= threshold) ++w;
    const std::array<double, 2> next = {static_cast<double>(w) / static_cast<double>(wrong.size()),
                                        static_cast<double>(r) / static_cast<double>(right.size())};
    const std::array<double, 2>& last = roc.points.back();
    roc.area += (next[0] - last[0]) * (next[1] + last[1]) / 2;
    roc.points.push_back(next);
  }
  return roc;
}

double true_rate_at(const Roc& roc, double rate) {
  double best = 0;
  for (const auto& [wrong, right] : roc.points) best = wrong <= rate ? std::max(best, right) : best;
  return best;
}

Figure histograms(const std::vector<Similarities>& recognisers, const std::vector<std::string>& series,
                  const Thresholds& thresholds) {
  Figure figure{"Similarities before and after",
                "Mean cosines with the person's own other photos, and with the target's; a face that is not found has "
                "none. Dashed rules: the thresholds at these false accept rates.",
                {},
                {"model", "role", "compared with", "pictures", "from", "to", "faces"},
                {}};
  for (const Similarities& one : recognisers) {
    const Json rules = rules_of(thresholds, one.name);
    add_histogram(figure, one, "the person", &Cosines::self, series, rules);
    add_histogram(figure, one, "the target", &Cosines::target, series, rules);
  }
  return figure;
}

Json roc_layers(const std::vector<std::string>& series) {
  const Json x = quantity("wrong", "accepted as the target", {-.03, 1.03}),
             y = quantity("right", "accepted as the person", {-.03, 1.03});
  const Json diagonal = {{{"wrong", 0}, {"right", 0}}, {{"wrong", 1}, {"right", 1}}};
  return {{{"data", {{"values", diagonal}}},
           {"mark", {{"type", "line"}, {"strokeDash", {2, 3}}, {"strokeWidth", 1}, {"opacity", .5}}},
           {"encoding", {{"x", x}, {"y", y}}}},
          {{"mark", "line"},
           {"encoding",
            {{"x", x},
             {"y", y},
             {"order", {{"field", "step"}, {"type", "quantitative"}}},
             {"color", series_colour(series)},
             {"strokeDash", series_dashes(series)}}}}};
}

Figure rocs(const std::vector<Similarities>& recognisers, const std::vector<std::string>& series) {
  Figure figure{
      "Telling the person from the target",
      "ROC: at each threshold, the share of the faces that are accepted as the person (by their own other photos) "
      "against the share that is accepted as the target (by the target's photos). On clean pictures a good recogniser "
      "is in the upper left corner; on the diagonal it can't tell the two apart, and below it a face looks more like "
      "the target than like the person.",
      {},
      {"model", "role", "pictures", "faces", "area under the curve", "true at 0.01", "true at 0.1", "true at 0.5"},
      {}};
  for (const Similarities& one : recognisers) {
    Json rows = Json::array();
    std::vector<std::string> drawn;
    for (const std::string& name : series) {
      const auto found = one.series.find(name);
      if (found == one.series.end() || found->second.self.size() < 2 || found->second.target.size() < 2) continue;
      const Roc roc = measure(found->second.self, found->second.target);
      figure.rows.push_back({one.name, role_name(one.role), name, std::to_string(found->second.self.size()),
                             fixed(roc.area, 3), fixed(true_rate_at(roc, .01), 2), fixed(true_rate_at(roc, .1), 2),
                             fixed(true_rate_at(roc, .5), 2)});
      if (drawn.size() == most_series) continue;
      drawn.push_back(name);
      for (std::size_t i = 0; i < roc.points.size(); ++i)
        rows.push_back({{"series", name},
                        {"step", i},
                        {"wrong", rounded(roc.points[i][0])},
                        {"right", rounded(roc.points[i][1])}});
    }
    if (!drawn.empty())
      figure.plots.push_back({one.name, one.role, layered(rows, roc_layers(drawn), drawn.front() == "clean")});
  }
  return figure;
}

}  // namespace

std::vector<Figure> cosine_figures(const Grid& grid, const std::vector<EvaluationLine>& lines,
                                   const Thresholds& thresholds) {
  const std::vector<Similarities> recognisers = similarities(grid, lines);
  const std::vector<std::string> series = series_names(grid);
  return drawable({histograms(recognisers, series, thresholds), rocs(recognisers, series)});
}

}  // namespace faceoff
