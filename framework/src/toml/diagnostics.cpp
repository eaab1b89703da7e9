#include "toml/diagnostics.hpp"

#include <algorithm>
#include <sstream>

#include "base/lists.hpp"
#include "base/one_line.hpp"

namespace faceoff {

namespace {

constexpr std::size_t longest_message = 1000;  // it may quote what the experiment says, which may be anything

}  // namespace

Diagnostics::Diagnostics(const std::vector<SourceText>& sources) : file_(sources.back().file) {
  for (const SourceText& source : sources) {
    std::istringstream stream(source.text);
    std::vector<std::string>& lines = lines_[source.file];
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
  }
}

void Diagnostics::add(const Place& place, const std::string& message) {
  std::string text = (place.file.empty() ? file_ : to_string(place)) + ": " + one_line(message, longest_message);
  const auto lines = lines_.find(place.file);
  if (lines != lines_.end() && place.line >= 1 && place.line <= lines->second.size()) {
    const std::string number = std::to_string(place.line);
    std::string line = lines->second[place.line - 1];
    std::ranges::replace(line, '\t', ' ');
    constexpr std::size_t widest = 160;
    if (line.size() > widest) line = line.substr(0, widest) + "…";
    text += "\n  " + number + " | " + line;
    if (place.column >= 1 && place.column <= widest) {
      text += "\n  " + std::string(number.size(), ' ') + " | " + std::string(place.column - 1, ' ') + "^";
    }
  }
  add_once(messages_, text);  // a sweep reads the file once a variant and finds the same fault in each
}

void Diagnostics::throw_if_any() const {
  if (!messages_.empty()) throw ConfigError(joined(messages_, "\n"));
}

}  // namespace faceoff
