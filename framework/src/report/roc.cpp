#include "report/roc.hpp"

#include <algorithm>
#include <cmath>

#include "base/numbers.hpp"
#include "judge/recognition.hpp"
#include "report/page.hpp"
#include "report/tables.hpp"

namespace faceoff {

namespace {

/// The powers of ten up to 1 from that of ten pairs of different people, below which chance alone draws.
std::vector<double> powers_of_ten(const std::vector<RocLine>& lines) {
  int lowest = -1;
  for (const RocLine& line : lines) {
    const auto pairs = static_cast<double>(std::max<std::int64_t>(line.performance.different, 1));
    lowest = std::min(lowest, std::max(static_cast<int>(std::floor(1 - std::log10(pairs))), -6));
  }
  std::vector<double> powers;
  for (int power = lowest; power <= 0; ++power) powers.push_back(std::pow(10, power));
  return powers;
}

Json spec(const std::vector<RocLine>& lines) {
  const std::vector<double> powers = powers_of_ten(lines);
  const auto shown = [&](double rate) { return rate > .999 * powers.front(); };
  std::vector<std::string> series;
  Json curves = Json::array(), measured = Json::array();
  for (const auto& [name, performance] : lines) {
    series.push_back(name);
    for (const auto& [rate, share] : performance.roc) {
      if (shown(rate)) curves.push_back({{"series", name}, {"rate", rate}, {"share", rounded(share)}});
    }
    for (const auto& [rate, at] : performance.at_rate) {
      if (!shown(rate)) continue;
      measured.push_back({{"series", name},
                          {"rate", rate},
                          {"cosine", rounded(at.threshold)},
                          {"share", rounded(at.tar.value)},
                          {"low", rounded(at.tar.low)},
                          {"high", rounded(at.tar.high)}});
    }
  }
  Json x = quantity("rate", "false accept rate", {powers.front(), 1});
  x["scale"]["type"] = "log";
  x["axis"] = {{"values", powers}, {"format", ".0e"}};
  const Json share = quantity("share", "true accept rate", {0, 1}), low = quantity("low", "true accept rate", {0, 1});
  const Json colour = series_colour(series);
  const Json tips = hints({{"series", "embedder"},
                           {"rate", "false accept rate"},
                           {"cosine", "cosine"},
                           {"share", "true accept rate"},
                           {"low", "from"},
                           {"high", "to"}});
  const Json layers = {
      {{"data", {{"values", measured}}},
       {"mark", {{"type", "area"}, {"opacity", .16}}},
       {"encoding", {{"x", x}, {"y", low}, {"y2", {{"field", "high"}}}, {"color", colour}}}},
      {{"mark", "line"},
       {"encoding", {{"x", x}, {"y", share}, {"color", colour}, {"strokeDash", series_dashes(series)}}}},
      {{"data", {{"values", measured}}},
       {"mark", {{"type", "point"}, {"opacity", 0}, {"size", 60}}},
       {"encoding", {{"x", x}, {"y", share}, {"tooltip", tips}}}}};
  Json plot = layered(curves, layers, false);
  plot["height"] = 380;
  return plot;
}

/// Who was compared: the same people for all lines.
std::string compared(const Performance& performance) {
  return std::to_string(performance.people) + " people, " + std::to_string(performance.faces) + " faces; " +
         std::to_string(performance.same) + " pairs of the same person, " + std::to_string(performance.different) +
         " of different ones.";
}

}  // namespace

const std::vector<double>& roc_rates() {
  static const std::vector<double> rates = {1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3,
                                            5e-3, 1e-2, 2e-2, 5e-2, 1e-1, 2e-1, 5e-1};
  return rates;
}

Figure roc_figure(const std::vector<RocLine>& lines) {
  Figure figure{"True against false accept rate",
                "At each threshold of the cosine, the share of the pairs of one person that pass against the share of "
                "the pairs of different people that do, with 95 % intervals.",
                {{"ROC", "", spec(lines)}},
                {"embedder", "area under the curve"},
                {}};
  for (const auto& [rate, value] : false_accept_rates) figure.head.push_back(std::string("true accepts at ") + rate);
  for (const auto& [name, performance] : lines) {
    std::vector<std::string>& row = figure.rows.emplace_back();
    row = {name, with_interval(performance.auc)};
    for (const auto& [rate, value] : false_accept_rates) {
      const auto found = performance.at_rate.find(value);
      row.push_back(found != performance.at_rate.end() ? with_interval(found->second.tar) : or_dash({}, 0));
    }
  }
  return figure;
}

std::string roc_page(const std::vector<RocLine>& lines, const std::vector<std::string>& scripts) {
  const PageSection plots = plots_section({roc_figure(lines)}, !scripts.empty());
  return to_html({"Calibration", compared(lines.front().performance), {{"roc", "ROC", plots.html}}}, scripts);
}

}  // namespace faceoff
