#include "report/tables.hpp"

#include <algorithm>

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

/// How often something held: delivered, and the clean control.
std::string share_cells(const Counts& counts) {
  if (counts.n == 0) return cell("–") + cell("–");
  return cell(share(counts, 1)) + cell(share(counts, 0));
}

std::string rate_cells(const RateCounts& counts, const std::string& rate) {
  const auto found = counts.find(rate);
  return share_cells(found != counts.end() ? found->second : Counts());
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

/// The head of a table of recognisers: the groups of columns after these, and the columns themselves.
std::string recognisers_head(const std::string& groups, const std::string& columns) {
  std::string first;
  for (const char* name : {"variant", "after", "recogniser"}) first += cell(name, "th rowspan=\"2\"");
  return "<tr>" + first + cell("faces", "th rowspan=\"2\" class=\"n\"") + groups + "</tr>\n<tr>" + columns + "</tr>";
}

/// The head of a figure and of its control.
std::string with_control(const std::string& name) {
  return cell(name, "th class=\"n\"") + cell("clean", "th class=\"n soft\"");
}

std::string best_matches_table(const std::vector<Tally>& tallies) {
  std::string rows, letters, columns;
  for (const Tally& tally : tallies) {
    for (const RecogniserTally& one : tally.recognisers) {
      rows +=
          "<tr>" + first_cells(tally, one.name, one.role, small_lines(cautions(one))) + cell(std::to_string(one.faces));
      for (const char letter : std::string(outcome_letters)) {
        const std::optional<std::int64_t> count = one.count(letter);
        rows += cell(count ? std::to_string(*count) : "–");
      }
      rows += share_cells(one.not_the_person) + share_cells(one.is_the_target) + share_cells(one.not_found) + "</tr>\n";
    }
  }
  for (const char letter : std::string(outcome_letters)) letters += cell(std::string(1, letter), "th class=\"n\"");
  for (const char* name : {"protected", "rank-1", "not found"}) columns += with_control(name);
  return "<p>Best matches: H the target, L still the person, M somebody else, U the clean photo was not taken for the "
         "person either, N no face found. In % of the faces, with Wilson's 95 % interval: protected, not L; rank-1, "
         "the best match is the target; not found, which is protected as well. Clean is the control, the picture as "
         "it was. A surrogate was attacked; only held-out models say what an attack is worth elsewhere.</p>\n" +
         scrolling_table(recognisers_head(head("outcomes", 5) + head("of the faces, %", 6), letters + columns), rows);
}

std::string rates_table(const std::vector<Tally>& tallies) {
  std::string rows, groups, columns;
  for (const Tally& tally : tallies) {
    for (const RecogniserTally& one : tally.recognisers) {
      rows += "<tr>" + first_cells(tally, one.name, one.role) + cell(std::to_string(one.faces));
      for (const RateCounts* counts : {&one.impersonated, &one.dodged, &one.identified}) {
        for (const char* rate : rates) rows += rate_cells(*counts, rate);
      }
      rows += "</tr>\n";
    }
  }
  for (const char* name : {"impersonated, %", "dodged, %", "identified, %"}) {
    groups += head(name, 6);
    for (const char* rate : rates) columns += with_control(rate);
  }
  return "<p>By thresholds, in % of the faces at three false accept rates, with Wilson's 95 % interval: impersonated, "
         "the mean cosine with the target's judging photos reaches the threshold; dodged, that with the person's other "
         "photos does not, or no face was found; identified, the best match is the person and its cosine reaches "
         "it.</p>\n" +
         scrolling_table(recognisers_head(groups, columns), rows);
}

}  // namespace

std::string recognisers_table(const std::vector<Tally>& tallies) {
  const bool any = std::ranges::any_of(tallies, [](const Tally& tally) { return !tally.recognisers.empty(); });
  return any ? best_matches_table(tallies) + rates_table(tallies) : "";
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
