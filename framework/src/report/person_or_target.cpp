// How well cosines tell the person from the target.
#include <algorithm>
#include <array>
#include <functional>

#include "base/numbers.hpp"
#include "report/labels.hpp"
#include "report/plots.hpp"

namespace faceoff {

namespace {

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

}  // namespace

std::vector<Figure> telling_figures(const Similarities& similarities) {
  Figure figure{
      "Telling the person from the target",
      "ROC: at each threshold, the share of the faces that are accepted as the person (by their own other photos) "
      "against the share that is accepted as the target (by the target's photos). On clean pictures a good recogniser "
      "is in the upper left corner; on the diagonal it can't tell the two apart, and below it a face looks more like "
      "the target than like the person.",
      {},
      {"model", "role", "pictures", "faces", "area under the curve", "true at 0.01", "true at 0.1", "true at 0.5"},
      {}};
  for (const SimilaritiesOf& one : similarities.recognisers) {
    Json rows = Json::array();
    std::vector<std::string> drawn;
    for (const std::string& name : similarities.series) {
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
    if (drawn.empty()) continue;
    const Json x = quantity("wrong", "accepted as the target", {-.03, 1.03}),
               y = quantity("right", "accepted as the person", {-.03, 1.03});
    const Json diagonal = {{{"wrong", 0}, {"right", 0}}, {{"wrong", 1}, {"right", 1}}};
    const Json layers = {{{"data", {{"values", diagonal}}},
                          {"mark", {{"type", "line"}, {"strokeDash", {2, 3}}, {"strokeWidth", 1}, {"opacity", .5}}},
                          {"encoding", {{"x", x}, {"y", y}}}},
                         {{"mark", "line"},
                          {"encoding",
                           {{"x", x},
                            {"y", y},
                            {"order", {{"field", "step"}, {"type", "quantitative"}}},
                            {"color", series_colour(drawn)},
                            {"strokeDash", series_dashes(drawn)}}}}};
    figure.plots.push_back({one.name, one.role, layered(rows, layers, drawn.front() == "clean")});
  }
  if (figure.plots.empty()) return {};
  return {figure};
}

}  // namespace faceoff
