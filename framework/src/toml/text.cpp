#include "toml/text.hpp"

#include <faceoff/error.hpp>

#include <algorithm>

namespace faceoff {

namespace {

/// The place behind the string that begins with the quote at `at`; a string without an end stops at its line's.
std::size_t behind_string(const std::string& text, std::size_t at) {
  const char quote = text[at];
  const std::string three(3, quote);
  const bool multiline = text.compare(at, 3, three) == 0;
  for (at += multiline ? 3 : 1; at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (multiline) {
      if (text.compare(at, 3, three) != 0) continue;
      at += 3;
      for (int more = 0; more < 2 && at < text.size() && text[at] == quote; ++more) ++at;  // they belong to it
      return at;
    } else if (text[at] == quote) {
      return at + 1;
    } else if (text[at] == '\n') {
      return at;
    }
  }
  return text.size();
}

}  // namespace

std::size_t find_outside_strings(const std::string& text, std::string_view characters) {
  std::size_t at = 0;
  while (at < text.size() && characters.find(text[at]) == std::string_view::npos) {
    at = text[at] == '"' || text[at] == '\'' ? behind_string(text, at) : at + 1;
  }
  return std::min(at, text.size());
}

void check_toml_text(const std::string& text, const std::string& file) {
  if (text.size() > longest_toml) throw ConfigError(file + ": larger than 1 MiB: no experiment");
  const auto refuse = [&](std::size_t at, const std::string& why) {
    const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    const Place place{file, static_cast<unsigned>(line) + 1, 1};
    throw ConfigError(to_string(place) + ": " + why, place);
  };
  if (const std::size_t nul = text.find('\0'); nul != std::string::npos) refuse(nul, "a NUL byte: no TOML file");
  std::size_t parts = 1;
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = behind_string(text, at);
    } else if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else {
      if (std::string_view("=,[]{}\n").find(c) != std::string_view::npos) parts = 1;
      if (c == '.' && ++parts > most_key_parts)
        refuse(at, "a key has at most " + std::to_string(most_key_parts) + " parts");
      ++at;
    }
  }
}

}  // namespace faceoff
