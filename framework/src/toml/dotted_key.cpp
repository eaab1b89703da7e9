#include "toml/dotted_key.hpp"

#include <faceoff/schema.hpp>

#include <algorithm>
#include <charconv>

#include "base/one_line.hpp"
#include "toml/text.hpp"

namespace faceoff {

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
