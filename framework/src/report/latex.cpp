// The report for pdflatex.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "base/files.hpp"
#include "base/numbers.hpp"
#include "report/faces.hpp"
#include "report/page.hpp"
#include "report/tables.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

std::string number_or_dash(const std::optional<double>& value, int digits) {
  return value ? fixed(*value, digits) : "--";
}

std::string rows_latex(const std::vector<TableRow>& rows) {
  std::string text;
  for (const TableRow& row : rows) {
    text += escape_latex(row.variant) + " & " + escape_latex(row.after) + " & " + escape_latex(row.judge) + " (" +
            escape_latex(role_name(row.role)) + ") & " + std::to_string(row.faces);
    for (const auto& [figure, interval] : row.cells)
      text += " & " + (figure == or_dash({}, 0) ? "--" : interval.empty() ? figure : figure + " [" + interval + "]");
    text += " \\\\\n";
  }
  return text;
}

/// A small table whose head is on each of its pages.
std::string long_table(const std::string& columns, const std::string& heads, const std::vector<TableRow>& rows) {
  return "{\\small\n\\begin{longtable}{" + columns + "}\n\\toprule\n" + heads + " \\\\\n\\midrule\n\\endhead\n" +
         rows_latex(rows) + "\\bottomrule\n\\end{longtable}}\n\n";
}

std::string recognisers_latex(const std::vector<Tally>& tallies) {
  const std::vector<TableRow> matches = best_match_rows(tallies);
  if (matches.empty()) return "";
  return "\\section*{Recognisers}\nBest matches: H the target, L still the person, M somebody else, U the clean photo "
         "was not taken for the person either, N no face found. In \\% of the faces, with Wilson's 95\\,\\% interval: "
         "protected, not L; rank-1, the best match is the target; not found, which is protected as well. Clean is the "
         "control.\n\n" +
         long_table("lllrrrrrrrrrrrr",
                    "variant & after & recogniser & faces & H & L & M & U & N & protected & clean & rank-1 & clean & "
                    "not found & clean",
                    matches) +
         "At a false accept rate of $10^{-3}$, in \\%: impersonated, the mean cosine with the target reaches the "
         "threshold; dodged, that with the person does not, or no face was found; identified, the best match is the "
         "person and its cosine reaches it.\n\n" +
         long_table("lllrrrrrrr",
                    "variant & after & recogniser & faces & impersonated & clean & dodged & clean & identified & clean",
                    rate_rows(tallies, {"1e-3"}));
}

std::string detectors_latex(const std::vector<Tally>& tallies) {
  const std::vector<TableRow> rows = detector_rows(tallies);
  if (rows.empty()) return "";
  return "\\section*{Detectors}\nTrue faces still found at an IoU of 0.5, average precision, boxes that are no true "
         "face, and their mean share of the picture in \\%; clean is the control.\n\n" +
         long_table("lllrrrrrrrrr",
                    "variant & after & detector & faces & found & clean & AP & clean & false & clean & area & clean",
                    rows);
}

/// The thumbnails, each written once under a plain name.
class Thumbnails {
 public:
  explicit Thumbnails(fs::path into) : into_(std::move(into)) { make_folder(into_ / "report"); }

  std::string include(const fs::path& picture, const Box& face) {
    constexpr int side = 160;
    const auto small = thumbnail(picture, face, side);
    if (!small) return "";
    const std::string file = "report/" + std::to_string(++count_) + ".jpg";
    write_atomically(into_ / file, small->bytes);
    return "\\includegraphics[width=\\linewidth]{" + file + "}";
  }

 private:
  fs::path into_;
  int count_ = 0;
};

std::string said(const Verdict& word) {
  std::string text = "\\newline " + escape_latex(word.name);
  if (!word.letter.empty()) text += " \\textbf{" + word.letter + "}";
  return text + " " + number_or_dash(word.before, 2) + "\\,$\\to$\\," + number_or_dash(word.after, 2);
}

/// So many columns fit on a page; more go on the next one.
constexpr std::size_t fitting = 9;

/// Of the columns from this one on, as many as fit.
std::string grid_table(const Grid& grid, std::size_t first, const fs::path& run, Thumbnails& thumbnails) {
  const auto columns = std::span(grid.columns).subspan(first, std::min(fitting, grid.columns.size() - first));
  constexpr double widest = .14;  // so that a page has several faces where columns are few
  const double share = std::min(.9 / static_cast<double>(columns.size() + 1), widest);
  const std::string width = fixed(share, 4) + "\\linewidth";
  std::string text = "{\\tiny\\setlength{\\tabcolsep}{2pt}\\setlength{\\LTleft}{0pt}\n\\begin{longtable}{*{" +
                     std::to_string(columns.size() + 1) + "}{p{" + width + "}}}\n\\toprule\n";
  if (grid.by_epsilon && !columns.front().group.empty()) {
    for (std::size_t c = 0, end = 0; c < columns.size(); c = end) {
      while (end < columns.size() && columns[end].group == columns[c].group) ++end;
      text += " & \\multicolumn{" + std::to_string(end - c) + "}{l}{" + escape_latex(columns[c].group) + "}";
    }
    text += " \\\\\n";
  }
  text += "face";
  for (const GridColumn& column : columns)
    text += " & " + (grid.by_epsilon ? "$\\epsilon$ " + column.epsilon : escape_latex(column.variant));
  text += " \\\\\n\\midrule\n\\endhead\n";
  for (const GridRow& row : grid.rows) {
    text += thumbnails.include(row.picture, row.box) + "\\newline " + escape_latex(row.person);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      text += "\n & ";
      const std::optional<GridCell>& cell = row.cells[first + c];
      if (!cell) continue;
      text += thumbnails.include(run / cell->output, row.box);
      if (!cell->target.empty()) text += "\\newline as " + escape_latex(cell->target);
      for (const Verdict& word : cell->recognisers) text += said(word);
      for (const Verdict& word : cell->detectors) text += said(word);
    }
    text += " \\\\\\addlinespace\n";
  }
  return text + "\\bottomrule\n\\end{longtable}}\n\n";
}

}  // namespace

std::string escape_latex(const std::string& text) {
  static const std::map<char, std::string> special = {{'\\', "\\textbackslash{}"},
                                                      {'{', "\\{"},
                                                      {'}', "\\}"},
                                                      {'$', "\\$"},
                                                      {'&', "\\&"},
                                                      {'#', "\\#"},
                                                      {'%', "\\%"},
                                                      {'_', "\\_"},
                                                      {'^', "\\^{}"},
                                                      {'~', "\\textasciitilde{}"},
                                                      {'"', "\\textquotedbl{}"},
                                                      {'[', "{[}"},
                                                      {']', "{]}"}};
  static const std::set<std::string> unknown = {"Ħ", "ħ", "Ŧ", "ŧ", "ĸ", "Ŀ", "ŀ", "ŉ", "ſ"};  // to its fonts
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto found = special.find(text[i]);
    if (found != special.end()) {
      escaped += found->second;
    } else if (c >= 0x20 && c < 0x7F) {
      escaped += text[i];
    } else if (c >= 0xC3 && c <= 0xC5 && i + 1 < text.size() && (static_cast<unsigned char>(text[i + 1]) >> 6U) == 2 &&
               !unknown.contains(text.substr(i, 2))) {
      escaped += text.substr(i++, 2);  // Latin letters with accents, which pdflatex knows
    } else if ((c >> 6U) != 2) {
      escaped += '?';
    }
  }
  return escaped;
}

std::string to_latex(const ReportPlaces& at, const std::string& name, const std::string& judged, const Grid& grid,
                     const std::vector<Tally>& tallies) {
  std::string text =
      "\\documentclass[a4paper,landscape]{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage[T1]{fontenc}\n"
      "\\usepackage[margin=12mm]{geometry}\n\\usepackage{booktabs,graphicx,longtable}\n\\setlength{\\parindent}{0pt}\n"
      "\\begin{document}\n\\section*{" +
      escape_latex(name) + "}\n" + escape_latex(judged) + "\n\n" + recognisers_latex(tallies) +
      detectors_latex(tallies);
  if (!grid.rows.empty()) {
    Thumbnails thumbnails(at.into);
    text +=
        "\\section*{Faces}\nEach recogniser with its outcome and its cosine with the target, without a target with the "
        "person's other photos, before and after; each detector with its score.\n\n";
    if (grid.faces > grid.rows.size()) {
      text += "The first " + std::to_string(grid.rows.size()) + " of " + std::to_string(grid.faces) +
              " faces are shown.\n\n";
    }
    for (std::size_t first = 0; first < grid.columns.size(); first += fitting)
      text += grid_table(grid, first, at.run, thumbnails);
  }
  return text + "\\end{document}\n";
}

}  // namespace faceoff
