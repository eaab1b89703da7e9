#include "host/document.hpp"

#include <faceoff/schema.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include "host/exception.hpp"
#include "picture/files.hpp"

namespace faceoff {

namespace {

constexpr std::size_t longest_file = 1U << 20U;
constexpr std::size_t most_parts = 32;
constexpr std::size_t most_variants = 10000;
constexpr std::size_t longest_variant = 200;  // a folder's name has at most 255 bytes

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

/// The first place of any of these characters that is in no string; the text's size where there is none.
std::size_t find_outside_strings(const std::string& text, std::string_view characters) {
  std::size_t at = 0;
  while (at < text.size() && characters.find(text[at]) == std::string_view::npos) {
    at = text[at] == '"' || text[at] == '\'' ? behind_string(text, at) : at + 1;
  }
  return std::min(at, text.size());
}

/// Refuses what toml++ does not survive: NUL (it aborts) and keys of very many parts, which make tables so deep that
/// letting go of them overflows the stack, also where no key alone is that long but they stand inside one another.
void check_text(const std::string& text, const std::string& file) {
  if (text.size() > longest_file) throw ConfigError(file + ": larger than 1 MiB: no experiment");
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
      if (c == '.' && ++parts > most_parts) refuse(at, "a key has at most " + std::to_string(most_parts) + " parts");
      ++at;
    }
  }
}

using Key = std::vector<std::string>;

/// The parts of a dotted key, which may be quoted as in TOML; nothing where it is none.
std::optional<Key> parse_key(const std::string& text) {
  if (find_outside_strings(text, {"=#\n\r\0", 5}) < text.size()) return std::nullopt;
  if (std::ranges::count(text, '.') >= static_cast<std::ptrdiff_t>(most_parts)) return std::nullopt;
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

/// Whether one of two different keys is within the other.
bool nested(const Key& a, const Key& b) {
  const auto [in_a, in_b] = std::ranges::mismatch(a, b);
  return (in_a == a.end()) != (in_b == b.end());
}

/// Puts a value at a dotted key, making tables on the way; a number steps into a list. `source` is where that was said.
/// Moves the node: a copy would forget its place.
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

/// KEY=VALUE: VALUE is TOML, else a string.
std::pair<std::string, toml::table> parse_set(const std::string& set) {
  const std::size_t equals = find_outside_strings(set, "=");
  const std::string said = "--set " + one_line(set);
  if (equals >= set.size() || equals == 0) throw ConfigError(said + ": say --set KEY=VALUE");
  const std::string key = set.substr(0, equals), value = set.substr(equals + 1);
  check_text(value, said);
  // A string is parsed too, so that it knows where it was said.
  const auto parse = [&](const std::string& text) { return toml::parse("value = " + text + "\n", said); };
  toml::table holder;
  try {
    holder = parse(value);
  } catch (const toml::parse_error& error) {
    // What begins as a list, a table or a string is meant as TOML, and no word.
    const std::size_t first = value.find_first_not_of(" \t");
    if (first != std::string::npos && std::string_view("[{\"'").find(value[first]) != std::string_view::npos) {
      throw ConfigError(said + ": not TOML: " + std::string(error.description()));
    }
    try {
      holder = parse(to_toml(value));
    } catch (const toml::parse_error&) {
      throw ConfigError(said + ": no UTF-8");
    }
  }
  if (holder.size() != 1) throw ConfigError(said + ": one value");
  return {key, std::move(holder)};
}

/// Text as a part of a folder's name.
std::string fit_for_folder(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_' || c == '+';
    if (plain) {
      out += c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  return out.substr(0, 48);
}

/// What a swept value is called in a variant's name.
std::string label(const toml::node& value) {
  std::ostringstream stream;
  if (const auto* text = value.as_string()) {
    stream << text->get();
  } else if (const auto* number = value.as_floating_point()) {
    stream << to_toml(number->get());
  } else {
    value.visit([&](const auto& concrete) { stream << concrete; });
  }
  return fit_for_folder(stream.str());
}

}  // namespace

Place place_of(const toml::source_region& source) {
  const std::string file = source.path ? *source.path : std::string();
  if (file.starts_with("--set")) return {file, 0, 0};
  return {file, source.begin.line, source.begin.column};
}

toml::table parse_sets(const std::vector<std::string>& sets) {
  toml::table root;
  for (const std::string& set : sets) {
    auto [key, holder] = parse_set(set);
    toml::node& value = *holder.get("value");
    const toml::source_region source = value.source();
    put(root, key, std::move(value), source);
  }
  return root;
}

Document::Document(const std::filesystem::path& path, std::vector<std::string> sets)
    : file_(path.string()), sets_(std::move(sets)) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) throw MissingFile("no experiment " + file_, path);
  try {
    const std::vector<std::uint8_t> bytes = read_file(path, longest_file + 1);
    text_.assign(bytes.begin(), bytes.end());
  } catch (const FileError& error) {
    throw ConfigError(error.what());
  }
  check_text(text_, file_);
  read_sweep(parse());
}

toml::table Document::parse() const {
  toml::table root;
  try {
    root = toml::parse(text_, file_);
  } catch (const toml::parse_error& error) {
    Diagnostics diagnostics(file_, text_);
    diagnostics.add(place_of(error.source()), "not TOML: " + std::string(error.description()));
    diagnostics.throw_if_any();
  }
  for (const std::string& set : sets_) {
    auto [key, holder] = parse_set(set);
    if (toml::table* sweep = root["sweep"].as_table()) take_from_sweep(*sweep, key, holder.get("value")->source());
    toml::node& value = *holder.get("value");
    const toml::source_region source = value.source();
    set_value(root, key, std::move(value), source);
  }
  return root;
}

void Document::take_from_sweep(toml::table& sweep, const std::string& set, const toml::source_region& source) const {
  const std::optional<Key> key = parse_key(set);
  if (!key) return;  // which put() says
  for (auto swept = sweep.begin(); swept != sweep.end();) {
    const std::string name(swept->first.str());
    const std::optional<Key> other = parse_key(name);
    if (other == key) {
      swept = sweep.erase(swept);
      continue;
    }
    if (other && nested(*key, *other)) {
      Diagnostics diagnostics(file_, text_);
      diagnostics.add(place_of(source), "'" + name + "' is swept, which would overrule this: set that key itself");
      diagnostics.throw_if_any();
    }
    ++swept;
  }
}

void Document::set_value(toml::table& root, const std::string& key, toml::node&& value,
                         const toml::source_region& source) const {
  Diagnostics diagnostics(file_, text_);
  try {
    put(root, key, std::move(value), source);
  } catch (const ConfigError& error) {
    diagnostics.add(error.place(), error.what());
  }
  diagnostics.throw_if_any();
}

void Document::read_sweep(const toml::table& root) {
  Diagnostics diagnostics(file_, text_);
  variants_ = {Variant{}};
  const toml::node* node = root.get("sweep");
  const toml::table* sweep = node != nullptr ? node->as_table() : nullptr;
  if (node != nullptr && sweep == nullptr)
    diagnostics.add(place_of(node->source()), "'sweep' should be a table of lists: [sweep]");
  if (sweep != nullptr) {
    std::vector<Key> keys;
    for (const auto& [key, values] : *sweep) keys.push_back(parse_key(std::string(key.str())).value_or(Key{""}));
    for (const auto& [key, values] : *sweep) {
      const std::string name(key.str());
      const Key parts = parse_key(name).value_or(Key{""});
      if (parts.front() == "sweep") {
        diagnostics.add(place_of(values.source()), "'" + name + "' can't be swept");
        continue;
      }
      if (std::ranges::any_of(keys, [&](const Key& other) { return nested(parts, other); })) {
        diagnostics.add(
            place_of(values.source()),
            "'" + name + "' is swept, and another swept key is within it or it in " + "that: sweep one of them");
        continue;
      }
      const toml::array* list = values.as_array();
      if (list == nullptr || list->empty()) {
        diagnostics.add(place_of(values.source()),
                        "sweep '" + name + "' should be a list of at least one value" +
                            (values.is_table() ? " (quote dotted keys: \"attack.epsilon\" = [8])" : ""));
        continue;
      }
      if (variants_.size() * list->size() > most_variants) {
        diagnostics.add(place_of(values.source()), "more than " + std::to_string(most_variants) + " variants");
        break;
      }
      const bool alone = std::ranges::count(keys, parts.back(), [](const Key& k) { return k.back(); }) == 1;
      const std::string shown = fit_for_folder(alone ? parts.back() : name);
      std::vector<Variant> product;
      for (const Variant& variant : variants_) {
        for (std::size_t i = 0; i < list->size(); ++i) {
          Variant next = variant;
          next.name += (next.name.empty() ? "" : ",") + shown + "=" + label(*list->get(i));
          next.choices.emplace_back(name, i);
          product.push_back(std::move(next));
        }
      }
      variants_ = std::move(product);
    }
  }
  diagnostics.throw_if_any();
  if (variants_.size() == 1 && variants_.front().choices.empty()) variants_.front().name = "base";
  for (Variant& variant : variants_) variant.name = variant.name.substr(0, longest_variant);
  // Values that read alike once made fit for a folder's name are told apart by a number.
  for (std::size_t i = 0; i < variants_.size(); ++i) {
    if (std::ranges::count(variants_, variants_[i].name, &Variant::name) > 1)
      variants_[i].name += "#" + std::to_string(i + 1);
  }
}

std::string Document::with_sweep(const std::string& values) const {
  toml::table root = parse();
  const toml::table* sweep = root["sweep"].as_table();
  if (sweep == nullptr || sweep->empty()) return values;
  std::ostringstream text;
  text << values << "\n[sweep]\n";
  for (const auto& [key, list] : *sweep) {
    text << to_toml(std::string(key.str())) << " = ";
    list.visit([&](const auto& concrete) { text << toml::toml_formatter(concrete); });
    text << "\n";
  }
  return text.str();
}

toml::table Document::tables(const Variant& variant) const {
  toml::table root = parse();
  for (const auto& [key, index] : variant.choices) {
    const auto swept = root["sweep"].as_table()->find(key);
    const toml::source_region source = swept->first.source();
    set_value(root, key, std::move(*swept->second.as_array()->get(index)), source);
  }
  root.erase("sweep");
  return root;
}

}  // namespace faceoff
