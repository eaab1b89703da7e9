#include "toml/dotted_key.hpp"

#include <faceoff/schema.hpp>

#include <algorithm>
#include <charconv>

#include "base/one_line.hpp"

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

Place place_of(const toml::source_region& source) {
  const std::string file = source.path ? *source.path : std::string();
  if (file.starts_with("--set")) return {file, 0, 0};
  return {file, source.begin.line, source.begin.column};
}

std::optional<Key> parse_key(const std::string& text) {
  if (find_outside_strings(text, {"=#\n\r\0", 5}) < text.size()) return std::nullopt;
  if (std::ranges::count(text, '.') >= static_cast<std::ptrdiff_t>(most_key_parts)) return std::nullopt;
  toml::table holder;
  try {
    holder = toml::parse(text + " = 0");
  } catch (const toml::parse_error&) {
    return std::nullopt;
  }
  Key parts;
  const toml::node* at = &holder;
  while (const toml::table* table = at->as_table()) {
    if (table->size() != 1) return std::nullopt;
    parts.emplace_back(table->begin()->first.str());
    at = &table->begin()->second;
  }
  const bool whole = at->is_integer() && std::ranges::none_of(parts, &std::string::empty);
  return whole ? std::optional(parts) : std::nullopt;
}

std::string as_key(const std::string& name) {
  const bool bare = !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return (std::isalnum(c) != 0 && c < 0x80) || c == '_' || c == '-';
  });
  return bare ? name : to_toml(name);
}

bool nested(const Key& a, const Key& b) {
  const auto [in_a, in_b] = std::ranges::mismatch(a, b);
  return (in_a == a.end()) != (in_b == b.end());
}

void put(toml::table& root, const std::string& key, toml::node&& value, const toml::source_region& source) {
  const auto refuse = [&](const std::string& why) { throw ConfigError(why, place_of(source)); };
  const std::optional<Key> parsed = parse_key(key);
  if (!parsed) refuse("'" + one_line(key) + "' is no key");
  const Key& parts = *parsed;
  toml::node* at = &root;
  std::string reached;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (toml::array* list = at->as_array()) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), index);
      if (error != std::errc() || end != parts[i].data() + parts[i].size() || index >= list->size()) {
        refuse("'" + parts[i] + "' is no place in a list of " + std::to_string(list->size()));
      }
      at = list->get(index);
    } else if (toml::table* table = at->as_table()) {
      toml::node* next = table->get(parts[i]);
      at = next != nullptr ? next : &table->insert_or_assign(toml::key(parts[i], source), toml::table{}).first->second;
    } else {
      break;
    }
    reached += (reached.empty() ? "" : ".") + parts[i];
  }
  if (at->is_array())
    refuse("'" + reached + "' is a list: set all of it, or a key of a table in it (" + reached + ".0.KEY)");
  if (!at->is_table()) refuse("'" + reached + "' is a value, so there is nothing below it to set");
  at->as_table()->insert_or_assign(toml::key(parts.back(), source), std::move(value));
}

}  // namespace faceoff
