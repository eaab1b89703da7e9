#include "judge/answers.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/files.hpp"
#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "faces/gallery.hpp"

namespace faceoff {

namespace {

struct Row {
  std::uint32_t line = 0;  ///< that it begins on
  std::vector<std::string> fields;
};

[[noreturn]] void refuse(const std::string& file, std::uint32_t line, const std::string& why) {
  const Place place{file, line, 1};
  throw ConfigError(to_string(place) + ": " + why, place);
}

/// What separates fields: where the first line has no comma, the semicolon that some spreadsheets write.
char separator_of(std::string_view text) {
  const std::string_view first = text.substr(0, text.find('\n'));
  return first.find(',') == std::string_view::npos && first.find(';') != std::string_view::npos ? ';' : ',';
}

/// Without spaces about it.
std::string trimmed(const std::string& field) {
  const std::size_t begin = field.find_first_not_of(" \t"), end = field.find_last_not_of(" \t");
  return begin == std::string::npos ? "" : field.substr(begin, end - begin + 1);
}

/// The rows of a CSV text; a field in quotes may hold separators, line breaks and doubled quotes.
std::vector<Row> rows_of(std::string_view text, const std::string& file) {
  const char separator = separator_of(text);
  std::vector<Row> rows;
  std::uint32_t line = 1;
  for (std::size_t i = 0; i < text.size();) {
    Row row{line, {""}};
    bool quoted = false;
    for (; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '\n') ++line;
      if (quoted) {
        if (c != '"') {
          row.fields.back() += c;
        } else if (i + 1 < text.size() && text[i + 1] == '"') {
          row.fields.back() += text[++i];
        } else {
          quoted = false;
        }
      } else if (c == '"' && row.fields.back().empty()) {
        quoted = true;
      } else if (c == separator) {
        row.fields.emplace_back();
      } else if (c == '\n') {
        ++i;
        break;
      } else if (c != '\r') {
        row.fields.back() += c;
      }
    }
    if (quoted) refuse(file, row.line, "a quote is opened and never closed");
    if (row.fields.size() > 1 || !row.fields.front().empty()) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

Answers::Answers(const std::filesystem::path& file) : file_(file.string()) {
  constexpr std::size_t most = 100'000'000;
  const std::vector<std::uint8_t> bytes = read_file(file, most);
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  const std::vector<Row> rows = rows_of(text, file_);
  const std::string wanted = "a CSV file with the columns picture, recogniser, identity and, if need be, face";
  if (rows.empty()) refuse(file_, 1, "nothing in it: it has to be " + wanted);
  const Row& header = rows.front();
  std::map<std::string, std::size_t> columns;
  for (const std::string& name : header.fields) {
    if (!columns.emplace(trimmed(name), columns.size()).second)
      refuse(file_, header.line, "two columns are called '" + one_line(name) + "'");
  }
  for (const char* name : {"picture", "recogniser", "identity"}) {
    if (!columns.contains(name)) refuse(file_, header.line, "its first line has to name the columns: " + wanted);
  }
  for (std::size_t r = 1; r < rows.size(); ++r) {
    const Row& row = rows[r];
    const auto fail = [&](const std::string& why) { refuse(file_, row.line, why); };
    if (row.fields.size() != columns.size())
      fail(std::to_string(row.fields.size()) + " fields, and the first line has " + std::to_string(columns.size()));
    const auto field = [&](const char* name) { return row.fields[columns.at(name)]; };
    const std::string recogniser = field("recogniser"), picture = field("picture");
    if (recogniser.empty()) fail("no recogniser's name");
    std::size_t number = 1;
    if (const std::string face = columns.contains("face") ? field("face") : ""; !face.empty()) {
      const char* const last = face.data() + face.size();
      const auto [end, error] = std::from_chars(face.data(), last, number);
      if (error != std::errc() || end != last || number == 0)
        fail("'" + one_line(face) + "' is no face's number: 1 is the leftmost");
    }
    if (!answers_.emplace(About{recogniser, picture, number - 1}, Answer{field("identity"), row.line}).second)
      fail(one_line(recogniser) + " answers twice for face " + std::to_string(number) + " of " + one_line(picture));
    add_once(recognisers_, recogniser);
  }
  if (answers_.empty()) refuse(file_, header.line, "no answer in it, but for its first line");
}

const Answers::Answer* Answers::find(const std::string& recogniser, const std::string& picture,
                                     std::size_t face) const {
  const auto found = answers_.find({recogniser, picture, face});
  return found != answers_.end() ? &found->second : nullptr;
}

void Answers::require_face(const About& about, const Answer& answer, std::size_t faces) const {
  const auto& [recogniser, picture, face] = about;
  if (face < faces) return;
  refuse(file_, answer.row,
         "face " + std::to_string(face + 1) + ", and on " + one_line(picture) + " are " + std::to_string(faces));
}

void Answers::require(const std::vector<Pictured>& pictures, const std::vector<std::string>& judges) const {
  std::map<std::string, const Pictured*> by_name;
  for (const Pictured& one : pictures) {
    by_name.emplace(one.clean, &one);
    by_name.emplace(one.delivered, &one);
  }
  for (const auto& [about, answer] : answers_) {
    const auto& [recogniser, picture, face] = about;
    if (std::ranges::find(judges, recogniser) != judges.end()) {
      refuse(file_, answer.row,
             "'" + one_line(recogniser) + "' is the name of a model that judges here; call the service otherwise");
    }
    const auto found = by_name.find(picture);
    if (found == by_name.end()) refuse(file_, answer.row, "no picture '" + one_line(picture) + "' is evaluated");
    const Pictured& one = *found->second;
    if (one.clean != picture && find(recogniser, one.clean, face) == nullptr) {
      refuse(file_, answer.row,
             one_line(recogniser) + " says nothing of the clean picture " + one_line(one.clean) +
                 ", without which its answer for the delivered one means nothing");
    }
    if (one.faces) require_face(about, answer, *one.faces);
  }
}

void Answers::add_to(std::vector<EvaluationLine>& lines) const {
  std::map<std::string, std::size_t> faces_of;
  for (const EvaluationLine& line : lines) {
    for (const std::string& name : {line.picture, line.output}) faces_of.emplace(name, line.seen.faces.size());
  }
  for (const auto& [about, answer] : answers_) {
    const auto faces = faces_of.find(std::get<1>(about));
    if (faces != faces_of.end()) require_face(about, answer, faces->second);
  }
  const auto best = [](const Answer& answer) {
    return answer.identity.empty() ? std::nullopt : std::optional(BestMatch{answer.identity, std::nullopt});
  };
  for (EvaluationLine& line : lines) {
    if (line.seen.after != "png") continue;
    for (const std::string& recogniser : recognisers_) {
      for (std::size_t f = 0; f < line.seen.faces.size(); ++f) {
        const Answer* delivered = find(recogniser, line.output, f);
        const Answer* clean = find(recogniser, line.picture, f);
        if (delivered == nullptr || clean == nullptr) continue;
        FaceEvaluation& face = line.seen.faces[f];
        // Who nobody among the people is, is who the service takes the clean face for.
        Identity who = face.who;
        if (who.person == unknown_person) who.person = clean->identity;
        Recognition said;
        said.name = recogniser;
        said.role = to_string(Role::held_out);
        said.found = {!clean->identity.empty(), !delivered->identity.empty()};
        match(said, who, {best(*clean), best(*delivered)});
        face.models.push_back(std::move(said));
      }
    }
  }
}

}  // namespace faceoff
