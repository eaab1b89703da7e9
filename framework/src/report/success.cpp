// Success against epsilon and against the false accept rate.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "base/lists.hpp"
#include "base/numbers.hpp"
#include "report/plots.hpp"
#include "report/tables.hpp"

namespace faceoff {

namespace {

constexpr const char* usual_rate = "1e-3";

/// One model's successes on some pictures.
struct Success {
  std::string model, role;
  Counts counts;
};

/// A kind of success, and what a tally has of it.
struct SuccessKind {
  std::string title, caption;
  std::function<std::vector<Success>(const Tally&)> of;
};

/// What `counts` picks of each recogniser, where it has that.
std::vector<Success> of_recognisers(const Tally& tally,
                                    const std::function<const Counts*(const RecogniserTally&)>& counts) {
  std::vector<Success> all;
  for (const RecogniserTally& one : tally.recognisers) {
    if (const Counts* found = counts(one)) all.push_back({one.name, one.role, *found});
  }
  return all;
}

std::vector<Success> missed(const Tally& tally) {
  std::vector<Success> all;
  for (const DetectorTally& one : tally.detectors) {
    Success& success = all.emplace_back(Success{one.name, one.role, one.found});
    for (std::int64_t& held : success.counts.held) held = one.found.n - held;
  }
  return all;
}

/// A place in a plot, and a row of its table.
struct Point {
  std::string model, role, series, at;  ///< `at`: x as it is read
  double x = 0;
  std::int64_t held = 0, faces = 0;
};

void add(std::vector<Point>& points, const Success& success, std::size_t which, const std::string& series,
         const std::string& at, double x) {
  const Counts& counts = success.counts;
  if (counts.n > 0) points.push_back({success.model, success.role, series, at, x, counts.held.at(which), counts.n});
}

/// So far beside its neighbours a series stands, so that intervals do not cover one another: -1.5, -0.5, 0.5, 1.5.
double aside(const std::vector<std::string>& series, const std::string& name) {
  const auto place = static_cast<double>(std::ranges::find(series, name) - series.begin());
  return place - static_cast<double>(std::min(series.size(), most_series) - 1) / 2;
}

/// Lines with points and intervals; the share is drawn as the difference of its ends.
Json layers(const Json& x, const std::string& at_title, const std::vector<std::string>& series) {
  const Json colour = series_colour(series);
  const Json share = quantity("share", "% of the faces", {0, 100}), low = quantity("low", "% of the faces", {0, 100});
  const Json tips = hints(
      {{"series", "pictures"}, {"at", at_title}, {"share", "%"}, {"low", "from"}, {"high", "to"}, {"faces", "faces"}});
  return {{{"mark", "line"},
           {"encoding", {{"x", x}, {"y", share}, {"color", colour}, {"strokeDash", series_dashes(series)}}}},
          {{"mark", {{"type", "rule"}, {"opacity", .55}}},
           {"encoding", {{"x", x}, {"y", low}, {"y2", {{"field", "high"}}}, {"color", colour}}}},
          {{"mark", {{"type", "point"}, {"filled", true}, {"size", 45}}},
           {"encoding", {{"x", x}, {"y", share}, {"color", colour}, {"tooltip", tips}}}}};
}

/// A plot a model, and a row a point. Series beyond the most that can be told apart are in the table alone.
Figure draw(Figure figure, const std::vector<Point>& points, std::vector<std::string> series, const Json& x,
            const std::string& at_title, bool clean_first) {
  figure.head = {"model", "role", "pictures", at_title, "faces", "%", "95 % interval"};
  if (series.size() > most_series) series.resize(most_series);
  std::vector<std::pair<std::string, std::string>> models;
  std::map<std::pair<std::string, std::string>, Json> rows;
  for (const Point& point : points) {
    const Estimate share = wilson(point.held, point.faces);
    figure.rows.push_back({point.model, role_name(point.role), point.series, point.at,
                           std::to_string(point.held) + " of " + std::to_string(point.faces),
                           fixed(100 * share.value, 1),
                           fixed(100 * share.low, 1) + " to " + fixed(100 * share.high, 1)});
    if (std::ranges::find(series, point.series) == series.end()) continue;
    const std::pair model(point.model, point.role);
    if (!rows.contains(model)) models.push_back(model);
    rows[model].push_back({{"series", point.series},
                           {"x", point.x},
                           {"at", point.at},
                           {"share", rounded(100 * share.value)},
                           {"low", rounded(100 * share.low)},
                           {"high", rounded(100 * share.high)},
                           {"faces", point.faces}});
  }
  for (const auto& model : models) {
    figure.plots.push_back(
        {model.first, model.second, layered(rows.at(model), layers(x, at_title, series), clean_first)});
  }
  return figure;
}

const Tally* tally_of(const std::vector<Tally>& tallies, const std::string& variant, const std::string& after) {
  const auto found = std::ranges::find_if(
      tallies, [&](const Tally& tally) { return tally.variant == variant && tally.after == after; });
  return found != tallies.end() ? &*found : nullptr;
}

/// What differs in epsilon alone.
struct ByEpsilon {
  std::string name;
  std::vector<const GridColumn*> columns;  ///< with rising epsilons
};

/// The groups that have several epsilons, in the order of the grid.
std::vector<ByEpsilon> by_epsilon(const Grid& grid) {
  std::vector<ByEpsilon> groups;
  for (const GridColumn& column : grid.columns) {
    if (column.epsilon.empty()) continue;
    auto group = std::ranges::find(groups, column.group, &ByEpsilon::name);
    if (group == groups.end()) group = groups.insert(group, {column.group, {}});
    group->columns.push_back(&column);
  }
  std::erase_if(groups, [](const ByEpsilon& group) {
    std::set<std::string> epsilons;
    for (const GridColumn* column : group.columns) epsilons.insert(column->epsilon);
    return epsilons.size() < 2 || epsilons.size() < group.columns.size();
  });
  return groups;
}

/// What a run that sweeps epsilon alone did to the pictures before each judgement, else the groups as delivered.
Figure against_epsilon(const Grid& grid, const std::vector<Tally>& tallies, const SuccessKind& kind) {
  const std::vector<ByEpsilon> groups = by_epsilon(grid);
  const bool alone = groups.size() == 1;
  std::vector<std::string> series;
  std::set<double> at = {0};
  for (const ByEpsilon& group : groups) {
    if (!alone) series.push_back(group.name);
    for (const GridColumn* column : group.columns) at.insert(std::stod(column->epsilon));
  }
  if (alone) {
    for (const Tally& tally : tallies) add_once(series, tally.after);
  }
  const double largest = *at.rbegin();
  std::vector<Point> points;
  for (const std::string& name : series) {
    const ByEpsilon& group = alone ? groups.front() : *std::ranges::find(groups, name, &ByEpsilon::name);
    const double beside = largest / 90 * aside(series, name);
    for (const GridColumn* column : group.columns) {
      const Tally* tally = tally_of(tallies, column->variant, alone ? name : grid.after);
      if (tally == nullptr) continue;
      for (const Success& success : kind.of(*tally)) {
        if (column == group.columns.front()) add(points, success, 0, name, "0, clean", beside);
        add(points, success, 1, name, column->epsilon, std::stod(column->epsilon) + beside);
      }
    }
  }
  Json x = quantity("x", "ε, grey levels", {-largest / 15, largest * 16 / 15});
  x["axis"] = {{"values", at}};
  return draw({kind.title + " against ε",
               kind.caption + " At ε 0 is the control, the picture as it was. Lines: " +
                   (alone ? "what happened to the pictures before they were judged (png: nothing)."
                          : "the variants, " + after_words(grid.after) + "."),
               {},
               {},
               {}},
              points, series, x, "ε", false);
}

Figure against_rate(const Grid& grid, const std::vector<Tally>& tallies, const SuccessKind& kind,
                    RateCounts RecogniserTally::*rates) {
  const std::vector<std::string> series = series_names(grid);
  std::vector<Point> points;
  for (std::size_t c = 0; c < grid.columns.size(); ++c) {
    const Tally* tally = tally_of(tallies, grid.columns[c].variant, grid.after);
    if (tally == nullptr) continue;
    for (const RecogniserTally& one : tally->recognisers) {
      if ((one.*rates).size() < 2) continue;
      for (const auto& [rate, counts] : one.*rates) {
        const auto at = [&](const std::string& name) { return std::stod(rate) * std::pow(1.06, aside(series, name)); };
        const Success success{one.name, one.role, counts};
        if (c == 0) add(points, success, 0, series[0], rate, at(series[0]));
        add(points, success, 1, series[c + 1], rate, at(series[c + 1]));
      }
    }
  }
  Json x = quantity("x", "false accept rate");
  x["scale"] = {{"type", "log"}, {"domain", {6e-5, 1.7e-2}}, {"nice", false}};
  x["axis"] = {{"values", {1e-4, 1e-3, 1e-2}}, {"format", ".0e"}};
  return draw({kind.title + " against the false accept rate",
               kind.caption + " By the false accept rate that the threshold was measured at, " +
                   after_words(grid.after) + "; clean is the control of the first variant.",
               {},
               {},
               {}},
              points, series, x, "false accept rate", true);
}

}  // namespace

std::vector<Figure> success_figures(const Grid& grid, const std::vector<Tally>& tallies) {
  struct AtRate {
    std::string title, caption;
    RateCounts RecogniserTally::*rates;
  };
  const std::vector<AtRate> at_rates = {
      {"Impersonated", "Faces that are taken for their target", &RecogniserTally::impersonated},
      {"Dodged", "Faces that are not taken for the person, or not found", &RecogniserTally::dodged},
      {"Identified", "Faces whose best match among the people is the person, and similar enough",
       &RecogniserTally::identified}};
  const std::string interval = ", with Wilson's 95 % interval.";
  std::vector<SuccessKind> kinds;
  for (const auto& [title, caption, rates] : at_rates) {
    const auto at_usual_rate = [rates = rates](const RecogniserTally& one) {
      const auto found = (one.*rates).find(usual_rate);
      return found != (one.*rates).end() ? &found->second : nullptr;
    };
    kinds.push_back({title, caption + " at a false accept rate of " + usual_rate + interval,
                     [=](const Tally& tally) { return of_recognisers(tally, at_usual_rate); }});
  }
  kinds.push_back({"Protected", "Faces whose best match among the people is not the person, or not found" + interval,
                   [](const Tally& tally) {
                     return of_recognisers(tally, [](const RecogniserTally& one) { return &one.not_the_person; });
                   }});
  kinds.push_back({"Hidden", "True faces that a detector does not find" + interval, missed});
  std::vector<Figure> figures;
  for (const SuccessKind& kind : kinds) figures.push_back(against_epsilon(grid, tallies, kind));
  for (const auto& [title, caption, rates] : at_rates)
    figures.push_back(against_rate(grid, tallies, {title, caption + ".", {}}, rates));
  return drawable(std::move(figures));
}

}  // namespace faceoff
