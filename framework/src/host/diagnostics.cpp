#include "host/diagnostics.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include "host/exception.hpp"

namespace faceoff {

namespace {

constexpr std::size_t longest_message = 1000;  // it may quote what the experiment says, which may be anything

}  // namespace

Diagnostics::Diagnostics(std::string file, const std::string& text) : file_(std::move(file)) {
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines_.push_back(line);
}

void Diagnostics::add(const Place& place, const std::string& message) {
  std::string text = (place.file.empty() ? file_ : to_string(place)) + ": " + one_line(message, longest_message);
  if (place.file == file_ && place.line >= 1 && place.line <= lines_.size()) {
    const std::string number = std::to_string(place.line);
    std::string line = lines_[place.line - 1];
    std::ranges::replace(line, '\t', ' ');
    constexpr std::size_t widest = 160;
    if (line.size() > widest) line = line.substr(0, widest) + "…";
    text += "\n  " + number + " | " + line;
    if (place.column >= 1 && place.column <= widest) {
      text += "\n  " + std::string(number.size(), ' ') + " | " + std::string(place.column - 1, ' ') + "^";
    }
  }
  // A sweep reads the file once a variant and finds the same fault in each.
  if (std::ranges::find(messages_, text) == messages_.end()) messages_.push_back(text);
}

void Diagnostics::throw_if_any() const {
  if (messages_.empty()) return;
  std::string all;
  for (const std::string& message : messages_) all += (all.empty() ? "" : "\n") + message;
  throw ConfigError(all);
}

}  // namespace faceoff
