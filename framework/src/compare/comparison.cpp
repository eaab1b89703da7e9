#include "compare/comparison.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

namespace faceoff {

namespace {

/// A value, or a difference of two, with the picture that it is of.
struct Observation {
  std::size_t picture = 0;
  double value = 0;
};

/// Values were written with six digits: what is behind them is no difference, and would part what is tied.
double six_digits(double value) {
  return std::round(value * 1e6) / 1e6;
}

/// A level's, by the values of the variants.
std::vector<Observation> values_of(const std::vector<std::map<Unit, double>>& variants, const Level& level) {
  std::vector<Observation> all;
  for (const auto& contestant : level.contestants) {
    if (!contestant || *contestant >= variants.size()) continue;
    for (const auto& [unit, value] : variants[*contestant]) all.push_back({unit.picture, value});
  }
  return all;
}

std::vector<Observation> differences_of(const Series& series, const Level& level, const Level& base) {
  std::vector<Observation> all;
  for (std::size_t s = 0; s < level.contestants.size(); ++s) {
    if (!level.contestants[s] || !base.contestants[s]) continue;
    const std::map<Unit, double>& before = series.values[*base.contestants[s]];
    for (const auto& [unit, value] : series.values[*level.contestants[s]]) {
      const auto paired = before.find(unit);
      if (paired != before.end()) all.push_back({unit.picture, six_digits(value - paired->second)});
    }
  }
  return all;
}

std::vector<Cluster> clusters_of(const std::vector<Observation>& all) {
  std::map<std::size_t, Cluster> pictures;
  for (const Observation& one : all) {
    Cluster& cluster = pictures[one.picture];
    cluster = {cluster.sum + one.value, cluster.n + 1};
  }
  std::vector<Cluster> clusters;
  for (const auto& [picture, cluster] : pictures) clusters.push_back(cluster);
  return clusters;
}

std::int64_t count(const std::vector<Observation>& all, double value) {
  return std::ranges::count(all, value, &Observation::value);
}

Difference compare(const std::vector<Observation>& pairs, bool shares, Shown shown) {
  const std::vector<Cluster> pictures = clusters_of(pairs);
  Difference difference;
  difference.n = static_cast<std::int64_t>(pairs.size());
  difference.pictures = static_cast<std::int64_t>(pictures.size());
  if (shown == Shown::all) difference.by_picture = bootstrap_mean(pictures);
  if (shares) {
    difference.gained = count(pairs, 1);
    difference.lost = count(pairs, -1);
    const Pairs counted{difference.n, difference.gained, difference.lost};
    difference.value = share_difference(counted);
    difference.test = mcnemar(counted);
  } else {
    std::vector<double> values;
    for (const Observation& pair : pairs) values.push_back(pair.value);
    difference.value = difference.by_picture.value();
    difference.test = wilcoxon(values);
  }
  if (difference.clustered()) {
    std::vector<double> sums;
    for (const Cluster& picture : pictures) sums.push_back(six_digits(picture.sum));
    difference.p_by_picture = sign_flips(sums);
  }
  return difference;
}

/// Adjusts the p-values of these differences, where they have one, among one another.
void adjust(const std::vector<Difference*>& family, const auto& p, std::optional<double> Difference::*adjusted) {
  std::vector<Difference*> tested;
  std::vector<double> found;
  for (Difference* difference : family) {
    const std::optional<double> value = std::invoke(p, *difference);
    if (!value) continue;
    tested.push_back(difference);
    found.push_back(*value);
  }
  const std::vector<double> among_all = holm(found);
  for (std::size_t i = 0; i < tested.size(); ++i) tested[i]->*adjusted = among_all[i];
}

/// Whether something of a level and of its baseline is about one unit.
bool paired(const Series& series, const Plan& plan) {
  return std::ranges::any_of(plan.groups, [&](const Group& group) {
    return std::any_of(group.levels.begin() + 1, group.levels.end(), [&](const Level& level) {
      return !differences_of(series, level, group.levels.front()).empty();
    });
  });
}

Table table_of(const Series& series, const Plan& plan, Shown shown) {
  Table table{series.measure, {}};
  for (std::size_t g = 0; g < plan.groups.size(); ++g) {
    const std::vector<Level>& levels = plan.groups[g].levels;
    for (std::size_t l = 0; l < levels.size(); ++l) {
      const std::vector<Observation> values = values_of(series.values, levels[l]);
      if (values.empty()) continue;
      const std::vector<Cluster> pictures = clusters_of(values);
      Row row{g, l, static_cast<std::int64_t>(values.size()), static_cast<std::int64_t>(pictures.size()), {}, {}, {}};
      row.value = series.measure.is_share ? wilson(count(values, 1), row.n) : bootstrap_mean(pictures);
      const std::vector<Observation> clean = values_of(series.clean, levels[l]);
      if (!clean.empty()) row.clean = wilson(count(clean, 1), static_cast<std::int64_t>(clean.size()));
      if (l > 0) {
        const std::vector<Observation> pairs = differences_of(series, levels[l], levels.front());
        if (!pairs.empty()) row.difference = compare(pairs, series.measure.is_share, shown);
      }
      table.rows.push_back(row);
    }
  }
  for (const bool pooled : {false, true}) {
    std::vector<Difference*> family;
    for (Row& row : table.rows) {
      if (row.difference && plan.groups[row.group].pooled == pooled) family.push_back(&*row.difference);
    }
    adjust(
        family, [](const Difference& one) { return one.test.p; }, &Difference::p_holm);
    adjust(family, &Difference::p_by_picture, &Difference::p_by_picture_holm);
  }
  return table;
}

}  // namespace

std::vector<Table> compare(const Runs& runs, const Plan& plan, Shown shown) {
  if (std::ranges::none_of(runs.series, [&](const Series& one) { return paired(one, plan); })) {
    throw ConfigError("no picture was attacked both by " + plan.baseline +
                      " and by what is compared with it, and only the same pictures, named alike, can be compared");
  }
  std::vector<Table> tables;
  for (const Series& series : runs.series) {
    if (shown == Shown::all || series.measure.is_share) tables.push_back(table_of(series, plan, shown));
  }
  return tables;
}

}  // namespace faceoff
