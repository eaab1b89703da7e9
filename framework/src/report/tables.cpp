#include "report/tables.hpp"

#include <map>

#include "base/numbers.hpp"
#include "judge/detection.hpp"
#include "report/html.hpp"
#include "report/labels.hpp"

namespace faceoff {

namespace {

constexpr const char* rates[] = {"1e-2", "1e-3", "1e-4"};

std::string share(const Counts& counts, std::size_t which) {
  const Estimate estimate = counts.share(which);
  return fixed(100 * estimate.value, 1) + " <span class=\"soft\">[" + fixed(100 * estimate.low, 0) + ", " +
         fixed(100 * estimate.high, 0) + "]</span>";
}

/// Success at a rate: delivered, and the clean control.
std::string rate_cells(const std::map<std::string, Counts>& counts, const std::string& rate) {
  const auto found = counts.find(rate);
  if (found == counts.end() || found->second.n == 0) return cell("–") + cell("–");
  return cell(share(found->second, 1)) + cell(share(found->second, 0));
}

std::string small_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "<small>" + escape_html(line) + "</small>";
  return text;
}

/// Which pictures, and who looked at them.
std::string first_cells(const Tally& tally, const std::string& name, const std::string& role,
                        const std::string& note = "") {
  return cell(escape_html(tally.variant), "td") + cell(escape_html(tally.after), "td") +
         cell(escape_html(name) + " <span class=\"role " + role + "\">" + role_name(role) + "</span>" + note, "td");
}

std::string head(const std::string& name, int columns) {
  return "<th class=\"n\" colspan=\"" + std::to_string(columns) + "\">" + name + "</th>";
}

}  // namespace

std::string recognisers_table(const std::vector<Tally>& tallies) {
  std::string rows;
  for (const Tally& tally : tallies) {
    for (const RecogniserTally& one : tally.recognisers) {
      rows +=
          "<tr>" + first_cells(tally, one.name, one.role, small_lines(cautions(one))) + cell(std::to_string(one.faces));
      for (const char letter : std::string("HLMUN")) {
        const auto found = one.outcomes.find(letter);
        rows += cell(one.outcomes.empty() ? "–" : std::to_string(found != one.outcomes.end() ? found->second : 0));
      }
      for (const char* rate : rates) rows += rate_cells(one.impersonated, rate);
      for (const char* rate : rates) rows += rate_cells(one.dodged, rate);
      rows += "</tr>\n";
    }
  }
  if (rows.empty()) return "";
  std::string letters, columns;
  for (const char letter : std::string("HLMUN")) letters += cell(std::string(1, letter), "th class=\"n\"");
  for (int twice = 0; twice < 2; ++twice) {
    for (const char* rate : rates) columns += cell(rate, "th class=\"n\"") + cell("clean", "th class=\"n soft\"");
  }
  return "<p>Best matches: H the target, L still the person, M "
         "somebody else, U the clean photo was not taken for the person either, N no face found. Impersonated and "
         "dodged: % of the faces whose mean cosine with the target's judging photos reaches the threshold, and with "
         "their own other photos misses it, at three false accept rates, with Wilson's 95 % interval; clean is the "
         "control, the picture as it was. A surrogate was attacked; only held-out models say what an attack is worth "
         "elsewhere.</p>\n" +
         scrolling_table(
             "<tr><th rowspan=\"2\">variant</th><th rowspan=\"2\">after</th><th rowspan=\"2\">recogniser</th>"
             "<th rowspan=\"2\" class=\"n\">faces</th>" +
                 head("outcomes", 5) + head("impersonated, %", 6) + head("dodged, %", 6) + "</tr>\n<tr>" + letters +
                 columns + "</tr>",
             rows);
}

std::string detectors_table(const std::vector<Tally>& tallies) {
  std::string rows;
  for (const Tally& tally : tallies) {
    for (const DetectorTally& one : tally.detectors) {
      if (one.found.n == 0) continue;
      const auto both = [&](const auto& value) { return cell(value(1)) + cell(value(0)); };
      rows += "<tr>" + first_cells(tally, one.name, one.role) + cell(std::to_string(one.found.n)) +
              both([&](std::size_t i) { return std::to_string(one.found.held.at(i)); }) +
              both([&](std::size_t i) { return fixed(average_precision(one.boxes.at(i), one.found.n), 3); }) +
              both([&](std::size_t i) { return std::to_string(one.false_areas.at(i).size()); }) +
              both([&](std::size_t i) { return fixed(100 * one.false_area(i), 1); }) + "</tr>\n";
    }
  }
  if (rows.empty()) return "";
  std::string columns;
  for (const char* name : {"found", "AP", "false boxes", "area, %"})
    columns += cell(name, "th class=\"n\"") + cell("clean", "th class=\"n soft\"");
  return "<p>True faces still found (at an IoU of 0.5), average "
         "precision, boxes that are no true face, and their mean share of the picture in %; clean is the "
         "control.</p>\n" +
         scrolling_table(
             "<tr><th>variant</th><th>after</th><th>detector</th><th class=\"n\">faces</th>" + columns + "</tr>", rows);
}

}  // namespace faceoff
