#include "report/faces.hpp"

#include <faceoff/error.hpp>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

#include "base/numbers.hpp"
#include "picture/picture.hpp"
#include "report/html.hpp"
#include "report/tables.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

constexpr int side = 208;  ///< of a view, in pixels: it is shown smaller, and larger when it is opened

/// The boxes around a face, in the picture's pixels: the face's own, and where each detector sees it.
std::string boxes_tag(const GridRow& row, const GridCell& cell, std::size_t which) {
  std::string tags = box_tag("face", row.box);
  for (std::size_t i = 0; i < cell.detectors.size(); ++i) {
    const std::optional<Box>& box = cell.detectors[i].boxes.at(which);
    if (box) tags += box_tag("seen seen" + std::to_string(i % 4), *box);
  }
  return tags;
}

/// One of the three views; `boxes` may be empty.
std::string view(const std::optional<Thumbnail>& picture, const std::string& name, const std::string& boxes) {
  if (!picture) return "<span class=\"view\"><small>no picture</small></span>";
  const Box& shown = picture->shown;
  std::string text = "<span class=\"view\"><span class=\"name\">" + name + "</span><span class=\"frame\"><img alt=\"" +
                     name + "\" width=\"" + std::to_string(picture->width) + "\" height=\"" +
                     std::to_string(picture->height) + "\" src=\"data:image/jpeg;base64," + base64(picture->bytes) +
                     "\">";
  if (!boxes.empty()) {
    text += "<svg viewBox=\"" + fixed(shown.x0, 0) + " " + fixed(shown.y0, 0) + " " + fixed(shown.width(), 0) + " " +
            fixed(shown.height(), 0) + "\" preserveAspectRatio=\"none\" aria-hidden=\"true\">" + boxes + "</svg>";
  }
  return text + "</span></span>";
}

std::string said(const Verdict& word) {
  std::string text = "<small>" + escape_html(word.name) + " ";
  if (!word.letter.empty()) text += "<span class=\"" + word.letter + "\">" + word.letter + "</span> ";
  return text + or_dash(word.before, 2) + " → " + or_dash(word.after, 2) + "</small>";
}

/// What a column sorts by: what the first model that was not attacked says of the delivered face.
std::string sort_value(const GridCell& cell) {
  const auto judges = [](const Verdict& word) { return word.role != "surrogate"; };
  for (const auto* said : {&cell.recognisers, &cell.detectors}) {
    const auto found = std::ranges::find_if(*said, judges);
    const auto one = found != said->end() ? found : said->begin();
    if (one != said->end()) return one->after ? fixed(*one->after, 6) : "–";
  }
  return "–";
}

/// A row's name, and the picture before: read once for all of its cells.
struct Shown {
  const GridRow& row;
  std::size_t number;
  std::optional<Thumbnail> before;
};

std::string face_cell(const ReportPlaces& at, const Shown& face, const Grid& grid, std::size_t c, bool pictures) {
  if (!face.row.cells[c]) return "<td></td>";
  const GridCell& cell = *face.row.cells[c];
  const std::string id = "face" + std::to_string(face.number) + "-" + std::to_string(c + 1);
  const std::string who = face.row.person.empty() ? fs::path(face.row.picture).filename().string() : face.row.person;
  const std::string title = escape_html(who + ", " + column_name(grid, grid.columns[c]));
  std::string text = "<td data-sort=\"" + sort_value(cell) + "\"><div class=\"views\" id=\"" + id + "\"><p>" + title +
                     "<a class=\"close\" href=\"#face" + std::to_string(face.number) + "\">close</a></p>";
  if (pictures) {
    text += "<a class=\"open\" href=\"#" + id + "\" title=\"open the three views\">" +
            view(face.before, "before", boxes_tag(face.row, cell, 0)) +
            view(thumbnail(at.into / cell.difference, face.row.box, side), "perturbation", "") +
            view(thumbnail(at.run / cell.output, face.row.box, side), "after", boxes_tag(face.row, cell, 1)) + "</a>\n";
  }
  if (!cell.target.empty()) text += "<small>as " + escape_html(cell.target) + "</small>";
  for (const Verdict& word : cell.recognisers) text += said(word);
  for (const Verdict& word : cell.detectors) text += said(word);
  return text + "<small><a href=\"" + address(cell.output) + "\">delivered</a> <a href=\"" + address(cell.difference) +
         "\">difference</a> " + or_dash(cell.psnr, 1) + " dB</small></div></td>";
}

std::string head(const Grid& grid) {
  std::string groups, columns;
  for (std::size_t c = 0; c < grid.columns.size(); ++c) {
    const GridColumn& column = grid.columns[c];
    columns += "<th>" + (grid.by_epsilon ? "ε " + column.epsilon : escape_html(column.variant)) + "</th>";
    if (c > 0 && grid.columns[c - 1].group == column.group) continue;
    const auto width = std::ranges::count(grid.columns, column.group, &GridColumn::group);
    groups += "<th colspan=\"" + std::to_string(width) + "\">" + escape_html(column.group) + "</th>";
  }
  if (!grid.by_epsilon || grid.columns.front().group.empty()) return "<tr><th>face</th>" + columns + "</tr>";
  return "<tr><th rowspan=\"2\">face</th>" + groups + "</tr>\n<tr>" + columns + "</tr>";
}

/// Which box is whose.
std::string legend(const Grid& grid) {
  std::string text = "<span class=\"key face\">the face</span>";
  for (const auto& cell : grid.rows.front().cells) {
    if (!cell) continue;
    for (std::size_t i = 0; i < cell->detectors.size(); ++i) {
      text += " <span class=\"key seen seen" + std::to_string(i % 4) + "\">where " +
              escape_html(cell->detectors[i].name) + " sees it</span>";
    }
    break;
  }
  return text;
}

}  // namespace

std::string box_tag(const std::string& kind, const Box& box) {
  return "<rect class=\"" + kind + "\" x=\"" + fixed(box.x0, 1) + "\" y=\"" + fixed(box.y0, 1) + "\" width=\"" +
         fixed(box.width(), 1) + "\" height=\"" + fixed(box.height(), 1) + "\"/>";
}

Thumbnail part_of(const Picture& picture, const cv::Rect& shown, int longest) {
  constexpr int quality = 85;
  const double scale = static_cast<double>(longest) / std::max(shown.width, shown.height);
  const auto pixels = [&](int length) { return std::max(1, static_cast<int>(std::lround(length * scale))); };
  Picture small;
  cv::resize(picture.rgb(shown), small.rgb, {pixels(shown.width), pixels(shown.height)}, 0, 0,
             scale < 1 ? cv::INTER_AREA : cv::INTER_CUBIC);
  const auto right = static_cast<double>(shown.x + shown.width), bottom = static_cast<double>(shown.y + shown.height);
  return {encode_picture(small, {PictureFormat::jpeg, quality}),
          {static_cast<double>(shown.x), static_cast<double>(shown.y), right, bottom},
          small.rgb.cols,
          small.rgb.rows};
}

std::optional<Thumbnail> thumbnail_of(const Picture& picture, const Box& face, int longest) {
  constexpr double around = 1.5;
  const double half = around / 2 * std::max(face.width(), face.height());
  const double x = (face.x0 + face.x1) / 2, y = (face.y0 + face.y1) / 2;
  const auto corner = [&](double centre) { return static_cast<int>(std::floor(centre - half)); };
  const int length = std::max(1, static_cast<int>(std::lround(2 * half)));
  const cv::Rect shown = cv::Rect(corner(x), corner(y), length, length) & cv::Rect({}, picture.rgb.size());
  if (shown.empty()) return std::nullopt;
  return part_of(picture, shown, longest);
}

std::optional<Thumbnail> thumbnail(const fs::path& picture, const Box& face, int longest) try {
  return thumbnail_of(read_picture(picture), face, longest);
} catch (const Error&) {
  return std::nullopt;  // a report without it is better than none
}

std::string faces_table(const ReportPlaces& at, const Grid& grid) {
  if (grid.rows.empty()) return "";
  std::string text =
      "<p>In each cell the face before, what was changed (grey is nothing, the largest change black or a full colour) "
      "and the face after; open the three to see them large. Then each recogniser with its outcome and its cosine with "
      "the target, without a target with the person's other photos, before → after; each detector with its score, a "
      "dash where it does not find the face.</p>\n<p>Boxes: " +
      legend(grid) + "</p>\n";
  if (grid.faces > grid.rows.size()) {
    text += "<p>The first " + std::to_string(grid.rows.size()) + " of " + std::to_string(grid.faces) +
            " faces are shown; evaluation.jsonl has all of them, and the tables and plots above count all.</p>\n";
  }
  std::string rows;
  std::size_t number = 0, cells = 0;
  for (const GridRow& row : grid.rows) {
    const Shown face{row, ++number, thumbnail(row.picture, row.box, side)};
    rows += "<tr id=\"face" + std::to_string(number) + "\"><th>" + escape_html(row.person) + "<small>" +
            escape_html(fs::path(row.picture).filename().string()) + ", face " + std::to_string(row.face) +
            "</small></th>";
    for (std::size_t c = 0; c < row.cells.size(); ++c) rows += face_cell(at, face, grid, c, cells++ < most_cells);
    rows += "</tr>\n";
  }
  return text + scrolling_table(head(grid), rows);
}

}  // namespace faceoff
