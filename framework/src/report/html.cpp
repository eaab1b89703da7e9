#include "report/html.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <map>

#include "report/thumbnail.hpp"
#include "report/words.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

constexpr const char* style = R"(
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 22%, transparent);
  --soft: color-mix(in srgb, currentColor 62%, transparent); --good: #1a7f37; --bad: #b35900; }
@media (prefers-color-scheme: dark) { :root { --good: #57c26f; --bad: #f0a35e; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem; max-width: 80rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; } td.n, th.n { text-align: right; white-space: nowrap; }
.soft, small { color: var(--soft); } small { display: block; }
img { display: block; width: 112px; height: auto; border-radius: 4px; }
.H, .M { color: var(--good); font-weight: 600; } .L { color: var(--bad); font-weight: 600; } .U, .N { font-weight: 600; }
a { color: inherit; }
)";

std::string base64(const std::vector<std::uint8_t>& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  text.resize(static_cast<std::size_t>(
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()))));
  return text;
}

/// A file's name as a link's address: what is no plain character as %XX.
std::string address(const std::string& file) {
  constexpr const char* digits = "0123456789ABCDEF";
  std::string text;
  for (const unsigned char c : file) {
    const bool plain = (std::isalnum(c) != 0 && c < 0x80) ||
                       std::string_view("-_.~/").find(static_cast<char>(c)) != std::string_view::npos;
    if (plain) {
      text += static_cast<char>(c);
    } else {
      text += {'%', digits[c >> 4U], digits[c & 15U]};
    }
  }
  return text;
}

std::string image(const fs::path& file, const Box& face, const std::string& what) {
  const auto bytes = thumbnail(file, face);
  if (!bytes) return "<small>no picture</small>";
  return "<img alt=\"" + escape_html(what) + "\" src=\"data:image/jpeg;base64," + base64(*bytes) + "\">";
}

std::string share(const Counts& counts, std::size_t which) {
  const Estimate estimate = counts.share(which);
  return fixed(100 * estimate.value, 1) + " <span class=\"soft\">[" + fixed(100 * estimate.low, 0) + ", " +
         fixed(100 * estimate.high, 0) + "]</span>";
}

std::string cell(const std::string& content, const char* kind = "td class=\"n\"") {
  return "<" + std::string(kind) + ">" + content + "</" + std::string(kind).substr(0, 2) + ">";
}

/// Success at a rate: delivered, and the clean control.
std::string rate_cells(const std::map<std::string, Counts>& rates, const std::string& rate) {
  const auto found = rates.find(rate);
  if (found == rates.end() || found->second.n == 0) return cell("–") + cell("–");
  return cell(share(found->second, 1)) + cell(share(found->second, 0));
}

std::string small_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "<small>" + escape_html(line) + "</small>";
  return text;
}

std::string recognisers_table(const std::vector<Tally>& tallies) {
  std::string rows;
  for (const Tally& tally : tallies) {
    for (const RecogniserTally& one : tally.recognisers) {
      rows += "<tr>" + cell(escape_html(tally.variant), "td") + cell(escape_html(tally.after), "td") +
              cell(escape_html(one.name) + " <span class=\"soft\">" + one.role + "</span>" + small_lines(cautions(one)),
                   "td") +
              cell(std::to_string(one.faces));
      for (const char letter : std::string("HLMUN")) {
        const auto found = one.outcomes.find(letter);
        rows += cell(one.outcomes.empty() ? "–" : std::to_string(found != one.outcomes.end() ? found->second : 0));
      }
      for (const char* rate : {"1e-2", "1e-3", "1e-4"}) rows += rate_cells(one.impersonated, rate);
      for (const char* rate : {"1e-2", "1e-3", "1e-4"}) rows += rate_cells(one.dodged, rate);
      rows += "</tr>\n";
    }
  }
  if (rows.empty()) return "";
  std::string rates;
  for (int twice = 0; twice < 2; ++twice) {
    for (const char* rate : {"1e-2", "1e-3", "1e-4"})
      rates += "<th class=\"n\">" + std::string(rate) + "</th><th class=\"n soft\">clean</th>";
  }
  return "<h2>Recognisers</h2>\n<p>Best matches: H the target, L still the person, M somebody else, U the clean photo "
         "was "
         "not taken for the person either, N no face found. Impersonated and dodged: % of the faces whose mean cosine "
         "with the target's judging photos reaches the threshold, and with their own other photos misses it, at three "
         "false accept rates, with Wilson's 95 % interval; clean is the control, the picture as it was. A surrogate "
         "was "
         "attacked; only held-out models say what an attack is worth elsewhere.</p>\n<div class=\"scroll\"><table>\n"
         "<thead><tr><th rowspan=\"2\">variant</th><th rowspan=\"2\">after</th><th rowspan=\"2\">recogniser</th>"
         "<th rowspan=\"2\" class=\"n\">faces</th><th colspan=\"5\">outcomes</th><th colspan=\"6\">impersonated, %</th>"
         "<th colspan=\"6\">dodged, %</th></tr>\n<tr><th class=\"n\">H</th><th class=\"n\">L</th><th class=\"n\">M</th>"
         "<th class=\"n\">U</th><th class=\"n\">N</th>" +
         rates + "</tr></thead>\n<tbody>\n" + rows + "</tbody></table></div>\n";
}

std::string detectors_table(const std::vector<Tally>& tallies) {
  std::string rows;
  for (const Tally& tally : tallies) {
    for (const DetectorTally& one : tally.detectors) {
      if (one.found.n == 0) continue;
      const auto both = [&](const auto& value) { return cell(value(1)) + cell(value(0)); };
      rows += "<tr>" + cell(escape_html(tally.variant), "td") + cell(escape_html(tally.after), "td") +
              cell(escape_html(one.name) + " <span class=\"soft\">" + one.role + "</span>", "td") +
              cell(std::to_string(one.found.n)) +
              both([&](std::size_t i) { return std::to_string(one.found.held.at(i)); }) +
              both([&](std::size_t i) { return fixed(average_precision(one.boxes.at(i), one.found.n), 3); }) +
              both([&](std::size_t i) { return std::to_string(one.false_areas.at(i).size()); }) +
              both([&](std::size_t i) { return fixed(100 * one.false_area(i), 1); }) + "</tr>\n";
    }
  }
  if (rows.empty()) return "";
  const std::string clean = "<th class=\"n soft\">clean</th>";
  return "<h2>Detectors</h2>\n<p>True faces still found (at an IoU of 0.5), average precision, boxes that are no true "
         "face, "
         "and their mean share of the picture in %; clean is the control.</p>\n<div "
         "class=\"scroll\"><table>\n<thead><tr>"
         "<th>variant</th><th>after</th><th>detector</th><th class=\"n\">faces</th><th class=\"n\">found</th>" +
         clean + "<th class=\"n\">AP</th>" + clean + "<th class=\"n\">false boxes</th>" + clean +
         "<th class=\"n\">area, %</th>" + clean + "</tr></thead>\n<tbody>\n" + rows + "</tbody></table></div>\n";
}

std::string said(const Saying& word) {
  std::string text = "<small>" + escape_html(word.name) + " ";
  if (!word.letter.empty()) text += "<span class=\"" + word.letter + "\">" + word.letter + "</span> ";
  return text + or_dash(word.before, 2) + " → " + or_dash(word.after, 2) + "</small>";
}

std::string grid_cell(const fs::path& run, const GridRow& row, const std::optional<GridCell>& cell) {
  if (!cell) return "<td></td>";
  std::string text =
      "<td><a href=\"" + address(cell->output) + "\">" + image(run / cell->output, row.box, "protected face") + "</a>";
  if (!cell->target.empty()) text += "<small>as " + escape_html(cell->target) + "</small>";
  for (const Saying& word : cell->recognisers) text += said(word);
  for (const Saying& word : cell->detectors) text += said(word);
  return text + "<small><a href=\"" + address(cell->difference) + "\">difference</a> " + or_dash(cell->psnr, 1) +
         " dB</small></td>";
}

std::string grid_head(const Grid& grid) {
  std::string groups, columns;
  for (std::size_t c = 0; c < grid.columns.size(); ++c) {
    const GridColumn& column = grid.columns[c];
    columns += "<th>" + (grid.by_epsilon ? "ε " + column.epsilon : escape_html(column.variant)) + "</th>";
    if (c > 0 && grid.columns[c - 1].group == column.group) continue;
    const auto width = std::ranges::count(grid.columns, column.group, &GridColumn::group);
    groups += "<th colspan=\"" + std::to_string(width) + "\">" + escape_html(column.group) + "</th>";
  }
  if (!grid.by_epsilon || grid.columns.front().group.empty())
    return "<thead><tr><th>face</th>" + columns + "</tr></thead>\n";
  return "<thead><tr><th rowspan=\"2\">face</th>" + groups + "</tr>\n<tr>" + columns + "</tr></thead>\n";
}

std::string grid_table(const fs::path& run, const Grid& grid) {
  if (grid.rows.empty()) return "";
  std::string text =
      "<h2>Faces</h2>\n<p>Each recogniser with its outcome and its cosine with the target, without a target with the "
      "person's other photos, before → after; each detector with its score, a dash where it does not find the "
      "face.</p>\n"
      "<div class=\"scroll\"><table>\n" +
      grid_head(grid) + "<tbody>\n";
  for (const GridRow& row : grid.rows) {
    text += "<tr><td>" + image(row.picture, row.box, "face as it was") + "<small>" + escape_html(row.person) +
            "</small><small>" + escape_html(fs::path(row.picture).filename().string()) + ", face " +
            std::to_string(row.face) + "</small></td>";
    for (const std::optional<GridCell>& cell : row.cells) text += grid_cell(run, row, cell);
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

}  // namespace

std::string escape_html(const std::string& text) {
  static const std::map<char, std::string> special = {
      {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
  std::string escaped;
  for (const char c : text) {
    const auto found = special.find(c);
    if (found != special.end()) {
      escaped += found->second;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string to_html(const fs::path& run, const std::string& name, const std::string& judged, const Grid& grid,
                    const std::vector<Tally>& tallies) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
         "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>" +
         escape_html(name) + "</title>\n<style>" + style + "</style></head>\n<body>\n<h1>" + escape_html(name) +
         "</h1>\n<p>" + escape_html(judged) + "</p>\n" + recognisers_table(tallies) + detectors_table(tallies) +
         grid_table(run, grid) + "</body></html>\n";
}

}  // namespace faceoff
