#include "report/tables.hpp"

#include <algorithm>

#include "base/lists.hpp"
#include "base/numbers.hpp"
#include "judge/detection.hpp"
#include "report/html.hpp"

namespace faceoff {

namespace {

using Cells = std::vector<TableRow::Cell>;

/// How often something held: delivered, and the clean control.
void add_shares(Cells& cells, const Counts& counts) {
  for (const std::size_t which : {1U, 0U}) {
    if (counts.n == 0) {
      cells.push_back({or_dash({}, 0)});
      continue;
    }
    const Estimate share = counts.share(which);
    cells.push_back({fixed(100 * share.value, 1), fixed(100 * share.low, 0) + ", " + fixed(100 * share.high, 0)});
  }
}

/// A row a judge, whose cells `add` adds.
template <class Judge, class Add>
std::vector<TableRow> rows_of(const std::vector<Tally>& tallies, std::vector<Judge> Tally::*judges, const Add& add) {
  std::vector<TableRow> rows;
  for (const Tally& tally : tallies) {
    for (const Judge& one : tally.*judges) {
      TableRow row{tally.variant, tally.after, one.name, one.role, 0, {}, {}};
      add(row, one);
      if (!row.cells.empty()) rows.push_back(std::move(row));
    }
  }
  return rows;
}

/// A share's interval stands below it, so that a table with many of them is no wider than a page.
std::string figure_cell(const TableRow::Cell& one) {
  return cell(one.interval.empty() ? one.text : one.text + "<small>[" + one.interval + "]</small>");
}

/// Some of the rows' cells as a table below this head, and below that the rows' remarks, each once, where they have
/// some.
std::string table_html(const std::string& head, const std::vector<TableRow>& rows, std::size_t first,
                       std::size_t count) {
  std::string text;
  std::vector<std::string> remarks;
  for (const TableRow& row : rows) {
    std::string judge =
        escape_html(row.judge) + " <span class=\"role " + row.role + "\">" + role_name(row.role) + "</span>";
    for (const std::string& note : row.notes) {
      add_once(remarks, note);
      const auto number = std::ranges::find(remarks, note) - remarks.begin() + 1;
      judge += "<sup>" + std::to_string(number) + "</sup>";
    }
    text += "<tr>" + cell(escape_html(row.variant), "td") + cell(escape_html(row.after), "td") + cell(judge, "td") +
            cell(std::to_string(row.faces));
    for (std::size_t c = first; c < first + count; ++c) text += figure_cell(row.cells.at(c));
    text += "</tr>\n";
  }
  std::string table = scrolling_table(head, text);
  if (remarks.empty()) return table;
  table += "<ol class=\"remarks\">\n";
  for (const std::string& remark : remarks) table += "<li>" + escape_html(remark) + "</li>\n";
  return table + "</ol>\n";
}

std::string table_html(const std::string& head, const std::vector<TableRow>& rows) {
  return table_html(head, rows, 0, rows.front().cells.size());
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

/// The heads of figures, each with that of its control.
std::string with_control(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += cell(name, "th class=\"n\"") + cell("clean", "th class=\"n soft\"");
  return text;
}

}  // namespace

std::string with_interval(const Estimate& estimate) {
  return fixed(estimate.value, 3) + " [" + fixed(estimate.low, 3) + ", " + fixed(estimate.high, 3) + "]";
}

std::string or_dash(const std::optional<double>& value, int digits) {
  return value ? fixed(*value, digits) : "–";
}

std::string after_words(const std::string& after) {
  return after == "png" ? "as delivered" : "after " + after;
}

std::string role_name(const std::string& role) {
  return role == "held_out" ? "held-out" : role;
}

std::vector<TableRow> best_match_rows(const std::vector<Tally>& tallies) {
  return rows_of(tallies, &Tally::recognisers, [](TableRow& row, const RecogniserTally& one) {
    row.faces = one.faces;
    row.notes = cautions(one);
    for (const char letter : std::string(outcome_letters)) row.cells.push_back({or_dash(one.count(letter), 0)});
    for (const Counts* counts : {&one.not_the_person, &one.is_the_target, &one.not_found})
      add_shares(row.cells, *counts);
  });
}

std::vector<TableRow> rate_rows(const std::vector<Tally>& tallies, const std::vector<std::string>& rates) {
  return rows_of(tallies, &Tally::recognisers, [&](TableRow& row, const RecogniserTally& one) {
    row.faces = one.faces;
    for (const RateCounts* counts : {&one.impersonated, &one.dodged, &one.identified}) {
      for (const std::string& rate : rates) add_shares(row.cells, counts->contains(rate) ? counts->at(rate) : Counts());
    }
  });
}

std::vector<TableRow> detector_rows(const std::vector<Tally>& tallies) {
  return rows_of(tallies, &Tally::detectors, [](TableRow& row, const DetectorTally& one) {
    row.faces = one.found.n;
    if (row.faces == 0) return;
    const auto add_both = [&](const auto& figure) {
      for (const std::size_t which : {1U, 0U}) row.cells.push_back({figure(which)});
    };
    add_both([&](std::size_t i) { return std::to_string(one.found.held.at(i)); });
    add_both([&](std::size_t i) { return fixed(average_precision(one.boxes.at(i), one.found.n), 3); });
    add_both([&](std::size_t i) { return std::to_string(one.false_areas.at(i).size()); });
    add_both([&](std::size_t i) { return fixed(100 * one.false_area(i), 1); });
  });
}

std::string recognisers_table(const std::vector<Tally>& tallies) {
  const std::vector<std::string> rates = {"1e-2", "1e-3", "1e-4"};
  const std::vector<TableRow> matches = best_match_rows(tallies), by_rate = rate_rows(tallies, rates);
  if (matches.empty()) return "";
  std::string letters;
  for (const char letter : std::string(outcome_letters)) letters += cell(std::string(1, letter), "th class=\"n\"");
  std::string text =
      "<p>Best matches: H the target, L still the person, M somebody else, U the clean photo was not taken for the "
      "person either, N no face found. In % of the faces, with Wilson's 95 % interval: protected, not L; rank-1, "
      "the best match is the target; not found, which is protected as well. Clean is the control, the picture as "
      "it was. A surrogate was attacked; only held-out models say what an attack is worth elsewhere.</p>\n" +
      table_html(recognisers_head(head("outcomes", 5) + head("of the faces, %", 6),
                                  letters + with_control({"protected", "rank-1", "not found"})),
                 matches) +
      "<p>By thresholds, in % of the faces at three false accept rates, with Wilson's 95 % interval: impersonated, "
      "the mean cosine with the target's judging photos reaches the threshold; dodged, that with the person's other "
      "photos does not, or no face was found; identified, the best match is the person and its cosine reaches "
      "it.</p>\n";
  std::size_t first = 0;
  for (const char* name : {"impersonated, %", "dodged, %", "identified, %"}) {
    const std::size_t count = 2 * rates.size();  // each with its control
    text +=
        table_html(recognisers_head(head(name, static_cast<int>(count)), with_control(rates)), by_rate, first, count);
    first += count;
  }
  return text;
}

std::string detectors_table(const std::vector<Tally>& tallies) {
  const std::vector<TableRow> rows = detector_rows(tallies);
  if (rows.empty()) return "";
  return "<p>True faces still found (at an IoU of 0.5), average "
         "precision, boxes that are no true face, and their mean share of the picture in %; clean is the "
         "control.</p>\n" +
         table_html("<tr><th>variant</th><th>after</th><th>detector</th><th class=\"n\">faces</th>" +
                        with_control({"found", "AP", "false boxes", "area, %"}) + "</tr>",
                    rows);
}

}  // namespace faceoff
