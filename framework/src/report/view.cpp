#include "report/view.hpp"

#include <faceoff/error.hpp>

#include <opencv2/core.hpp>

#include <algorithm>
#include <climits>
#include <fstream>
#include <optional>
#include <system_error>

#include "base/files.hpp"
#include "base/numbers.hpp"
#include "base/one_line.hpp"
#include "picture/picture.hpp"
#include "report/faces.hpp"
#include "report/html.hpp"
#include "report/page.hpp"
#include "report/tables.hpp"
#include "run/verdict.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

constexpr int whole_side = 900, face_side = 260;  // in pixels, of what is shown
constexpr const char* generator = "<meta name=\"generator\" content=\"faceoff\">";

/// What was changed ten times as strong, about grey.
Picture change_of(const Picture& before, const Picture& after) {
  constexpr double strength = 10, grey = 128;
  cv::Mat difference;
  cv::subtract(after.rgb, before.rgb, difference, cv::noArray(), CV_16S);
  Picture change;
  difference.convertTo(change.rgb, CV_8U, strength, grey);
  return change;
}

/// The file that a run knew by its hash; nothing where it is gone, or another one.
std::optional<Picture> read_if_same(const fs::path& file, const std::string& sha256) try {
  Picture picture = read_picture(file);
  if (picture.sha256 != sha256) return std::nullopt;
  return picture;
} catch (const Error&) {
  return std::nullopt;
}

/// A picture's three states, as far as they are there.
struct States {
  std::optional<Picture> before, change, after;
};

States states_of(const ViewedItem& item) {
  States states{read_if_same(item.line.picture, item.line.picture_sha256), {}, {}};
  if (!item.line.output.empty()) states.after = read_if_same(item.run / item.line.output, item.line.output_sha256);
  if (states.before && states.after && states.before->rgb.size() == states.after->rgb.size())
    states.change = change_of(*states.before, *states.after);
  return states;
}

std::string figure(const std::string& name, const std::optional<Thumbnail>& picture, const std::string& boxes) {
  std::string text = "<figure class=\"state\"><figcaption>" + name + "</figcaption>";
  if (!picture) return text + "<p class=\"soft\">not there any more, or another file by now</p></figure>\n";
  const Box& shown = picture->shown;
  text += "<span class=\"frame\"><img alt=\"" + name + "\" width=\"" + std::to_string(picture->width) + "\" height=\"" +
          std::to_string(picture->height) + "\" src=\"data:image/jpeg;base64," + base64(picture->bytes) + "\">";
  if (!boxes.empty()) {
    text += "<svg viewBox=\"" + fixed(shown.x0, 0) + " " + fixed(shown.y0, 0) + " " + fixed(shown.width(), 0) + " " +
            fixed(shown.height(), 0) + "\" preserveAspectRatio=\"none\" aria-hidden=\"true\">" + boxes + "</svg>";
  }
  return text + "</span></figure>\n";
}

/// The three beside one another, each shown by `show`.
template <class Show>
std::string row_of(const States& states, const std::string& boxes, const Show& show) {
  const auto shown = [&](const std::optional<Picture>& picture) -> std::optional<Thumbnail> {
    if (!picture) return std::nullopt;
    return show(*picture);
  };
  return "<div class=\"states\">\n" + figure("before", shown(states.before), boxes) +
         figure("after", shown(states.after), boxes) + figure("change × 10", shown(states.change), "") + "</div>\n";
}

std::string role_words(const std::string& role) {
  if (role == "surrogate") return "attacked";
  return role == to_string(Role::held_out) ? "never attacked" : role_name(role);
}

/// A cell's word, in the colour of what it is worth once the picture is delivered, and its number.
std::string said(bool bad, const std::string& word, const std::optional<double>& number, bool after) {
  const std::string kind = !after ? "" : bad ? " class=\"L\"" : " class=\"M\"";
  const std::string text = "<span" + kind + ">" + word + "</span>";
  if (!number) return text;
  const std::string digits = fixed(*number, 2);
  return text + " <span class=\"soft\">" + (digits == "-0.00" ? "0.00" : digits) + "</span>";
}

std::string model_row(const std::string& name, const std::string& role, const std::string& before,
                      const std::string& after) {
  return "<tr>" +
         cell(escape_html(name) + "<small class=\"role " + role + "\">" + role_words(role) + "</small>", "td") +
         cell(before, "td") + cell(after, "td") + "</tr>\n";
}

std::string detector_row(const Sighting& sighting, double minimum_score) {
  const BeforeAfter<bool> finds = found(sighting, minimum_score);
  const auto word = [&](std::size_t i) {
    return said(finds.at(i), finds.at(i) ? "finds it" : "does not find it", sighting.score.at(i), i == 1);
  };
  return model_row(sighting.name, sighting.role, word(0), word(1));
}

std::string recogniser_row(const Identity& who, const Recognition& recognition,
                           const std::optional<double>& threshold) {
  const std::optional<BeforeAfter<bool>> knows = recognised(who, recognition, threshold);
  const auto word = [&](std::size_t i) -> std::string {
    if (!recognition.found.at(i)) return said(false, "is shown no face", {}, i == 1);
    std::optional<double> cosine;
    if (recognition.self) cosine = recognition.self->at(i);
    std::string text =
        knows ? said(knows->at(i), knows->at(i) ? "recognises it" : "does not recognise it", cosine, i == 1)
              : said(false, "can't tell", cosine, false);
    const std::optional<BestMatch>& best = recognition.best.at(i);
    if (best && best->name != who.person)
      text += "<small>best match " + escape_html(best->name) +
              (best->similarity ? " " + fixed(*best->similarity, 2) : "") + "</small>";
    return text;
  };
  return model_row(recognition.name, recognition.role, word(0), word(1));
}

/// What each model says of a face, those first who were never attacked.
std::string models_table(const ItemFace& face, const Environment::Variant& judging) {
  std::string rows;
  for (const bool attacked : {false, true}) {
    for (const Recognition& one : face.said.models) {
      if ((one.role == "surrogate") != attacked) continue;
      const auto judge = std::ranges::find(judging.recognisers, one.name, &Environment::Recogniser::name);
      rows += recogniser_row(face.said.who, one,
                             judge != judging.recognisers.end() ? judge->threshold : std::optional<double>());
    }
    for (const Sighting& one : face.detectors) {
      if ((one.role == "surrogate") == attacked) rows += detector_row(one, judging.minimum_score);
    }
  }
  return "<div "
         "class=\"scroll\"><table>\n<thead><tr><th>model</th><th>before</th><th>after</th></tr></thead>\n<tbody>\n" +
         rows + "</tbody></table></div>\n";
}

std::string face_part(const ItemFace& face, std::size_t number, const ViewedItem& item, const States& states) {
  const Box& box = face.said.box;
  std::string title = "Face " + std::to_string(number);
  if (face.said.who.known) title += ", " + escape_html(face.said.who.person);
  if (!face.said.who.target.empty())
    title += " <span class=\"soft\">led to " + escape_html(face.said.who.target) + "</span>";
  return "<h3>" + title + "</h3>\n<div class=\"face-part\">\n" +
         row_of(states, "", [&](const Picture& picture) { return thumbnail_of(picture, box, face_side); }) +
         models_table(face, item.judging) + "</div>\n";
}

std::string status_words(const ItemLine& line) {
  switch (line.status) {
    case Status::failed:
      return "failed: " + line.error;
    case Status::no_face:
      return "no face found: nothing was changed";
    case Status::unchanged:
      return "the attack changed nothing";
    case Status::attacked:
      break;
  }
  std::string text = "Changed by at most " + std::to_string(line.quality.linf) + " of 255 grey levels";
  if (line.quality.psnr) text += ", PSNR " + fixed(*line.quality.psnr, 1) + " dB";
  return text + ", SSIM " + fixed(line.quality.ssim, 3) + ".";
}

std::string item_part(const ViewedItem& item) {
  const ItemLine& line = item.line;
  std::string text;
  if (was_attacked(line.status)) {
    text += "<ul class=\"verdict\">\n";
    for (const std::string& words : words_of(verdict_of(line, item.judging), ""))
      text += "<li>" + escape_html(words) + "</li>\n";
    text += "</ul>\n";
  }
  text += "<p>" + escape_html(status_words(line)) + "</p>\n";
  for (const std::string& note : line.notes) text += "<p class=\"soft\">" + escape_html(note) + "</p>\n";
  if (line.status == Status::failed) return text;
  const States states = states_of(item);
  std::string boxes;
  for (const ItemFace& face : line.faces) boxes += box_tag("face", face.said.box);
  text += row_of(states, boxes, [](const Picture& picture) {
    const cv::Rect all({}, picture.rgb.size());
    return part_of(picture, all, std::min(whole_side, std::max(all.width, all.height)));
  });
  for (std::size_t f = 0; f < line.faces.size(); ++f) text += face_part(line.faces[f], f + 1, item, states);
  return text;
}

}  // namespace

std::string view_page(const std::string& name, const std::vector<ViewedItem>& items) {
  Page page{name, "", {}};
  const std::size_t shown = std::min(items.size(), most_viewed);
  page.judged =
      "Boxes show the faces as they were found before. Beside what a model says stands its score, or of a recogniser "
      "the "
      "cosine with the person. Only models that were never attacked say what a change is worth elsewhere.";
  if (shown < items.size()) {
    page.judged += " The first " + std::to_string(shown) + " of " + std::to_string(items.size()) +
                   " pictures are shown; name another one to see it.";
  }
  for (std::size_t i = 0; i < shown; ++i) {
    std::string title = items.size() == 1
                            ? "Before and after"
                            : escape_html(one_line(fs::path(items[i].line.picture).filename().string(), PATH_MAX));
    if (items[i].line.variant != "base") title += ", " + escape_html(items[i].line.variant);
    page.sections.push_back({"picture" + std::to_string(i + 1), title, item_part(items[i])});
  }
  return to_html(page, {});
}

void write_page(const fs::path& file, const std::string& page) {
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(file, ignored))) {
    constexpr std::size_t head = 4096;
    std::string start(head, '\0');
    std::ifstream stream(file, std::ios::binary);
    stream.read(start.data(), static_cast<std::streamsize>(start.size()));
    start.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
    if (start.find(generator) == std::string::npos)
      throw FileError(file.string() +
                      ": is there, and no page of faceoff's; nothing is overwritten: name another with -o");
  }
  write_atomically(file, page);
}

}  // namespace faceoff
