#include "host/document.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "picture/files.hpp"

namespace faceoff {

namespace {

constexpr std::size_t longest_file = 1U << 20U;
constexpr std::ptrdiff_t most_dots = 1000;
constexpr std::size_t most_variants = 10000;

/// Refuses what toml++ does not survive: NUL (it aborts) and keys of tens of thousands of parts (it overflows the
/// stack).
void check_text(const std::string& text, const std::string& file) {
  if (text.size() > longest_file) throw ConfigError(file + ": larger than 1 MiB: no experiment");
  std::istringstream stream(text);
  unsigned number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    const Place place{file, number, 1};
    if (line.find('\0') != std::string::npos) throw ConfigError(to_string(place) + ": a NUL byte: no TOML file", place);
    if (std::ranges::count(line, '.') > most_dots) {
      throw ConfigError(to_string(place) + ": more than " + std::to_string(most_dots) + " dots on a line", place);
    }
  }
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

/// Puts a value at a dotted key, making tables on the way; a number steps into a list. Moves the node: a copy would
/// forget its place.
void put(toml::table& root, const std::string& key, toml::node&& value, const std::string& said) {
  const std::vector<std::string> parts = split(key, '.');
  const auto refuse = [&](const std::string& why) { throw ConfigError(said + ": " + why); };
  if (parts.empty() || std::ranges::any_of(parts, &std::string::empty)) refuse("'" + key + "' is no key");
  if (parts.size() > 16) refuse("a key has at most 16 parts");
  toml::node* at = &root;
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
      at = next != nullptr ? next : &table->insert_or_assign(parts[i], toml::table{}).first->second;
    } else {
      refuse("'" + parts[i] + "' is below a value");
    }
  }
  if (toml::table* table = at->as_table()) {
    table->insert_or_assign(parts.back(), std::move(value));
  } else {
    refuse("'" + parts.back() + "' names neither a table's key nor one");
  }
}

/// KEY=VALUE: VALUE is TOML, else a string.
std::pair<std::string, toml::table> parse_set(const std::string& set) {
  const std::size_t equals = set.find('=');
  const std::string said = "--set " + set;
  if (equals == std::string::npos || equals == 0) throw ConfigError(said + ": say --set KEY=VALUE");
  const std::string key = set.substr(0, equals), value = set.substr(equals + 1);
  check_text(value, said);
  toml::table holder;
  try {
    holder = toml::parse("value = " + value + "\n", said);
    if (holder.size() != 1) throw ConfigError(said + ": one value");
  } catch (const toml::parse_error&) {
    holder = toml::parse("value = \"\"\n", said);
    holder.insert_or_assign("value", value);
  }
  return {key, std::move(holder)};
}

/// What a swept value is called in a variant's name, which is also a folder's.
std::string label(const toml::node& value) {
  std::ostringstream stream;
  if (const auto* text = value.as_string()) {
    stream << text->get();
  } else {
    value.visit([&](const auto& concrete) { stream << concrete; });
  }
  std::string out;
  for (const char c : stream.str()) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_' || c == '+';
    if (plain) {
      out += c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  return out.substr(0, 48);
}

}  // namespace

Place place_of(const toml::source_region& source) {
  const std::string file = source.path ? *source.path : std::string();
  if (file.starts_with("--set")) return {file, 0, 0};
  return {file, source.begin.line, source.begin.column};
}

Document::Document(const std::filesystem::path& path, std::vector<std::string> sets)
    : file_(path.string()), sets_(std::move(sets)) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) throw MissingFile("no experiment " + file_, path);
  const std::vector<std::uint8_t> bytes = read_file(path, longest_file + 1);
  text_.assign(bytes.begin(), bytes.end());
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
    // On a swept key it takes the list's place.
    if (toml::table* sweep = root["sweep"].as_table()) sweep->erase(key);
    put(root, key, std::move(*holder.get("value")), "--set " + set);
  }
  return root;
}

void Document::read_sweep(const toml::table& root) {
  Diagnostics diagnostics(file_, text_);
  variants_ = {Variant{}};
  const toml::node* node = root.get("sweep");
  const toml::table* sweep = node != nullptr ? node->as_table() : nullptr;
  if (node != nullptr && sweep == nullptr) diagnostics.add(place_of(node->source()), "sweep: a table of lists");
  std::vector<std::string> last_parts;
  if (sweep != nullptr) {
    for (const auto& [key, values] : *sweep) last_parts.push_back(split(std::string(key.str()), '.').back());
    for (const auto& [key, values] : *sweep) {
      const std::string name(key.str());
      const toml::array* list = values.as_array();
      if (list == nullptr || list->empty()) {
        diagnostics.add(place_of(values.source()),
                        "sweep '" + name + "': a list of at least one value" +
                            (values.is_table() ? " (quote dotted keys: \"attack.epsilon\" = [8])" : ""));
        continue;
      }
      if (variants_.size() * list->size() > most_variants) {
        diagnostics.add(place_of(values.source()), "more than " + std::to_string(most_variants) + " variants");
        break;
      }
      const std::string last = split(name, '.').back();
      const std::string shown = std::ranges::count(last_parts, last) > 1 ? name : last;
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
  // Values that read alike once made fit for a folder's name are told apart by a number.
  for (std::size_t i = 0; i < variants_.size(); ++i) {
    if (std::ranges::count(variants_, variants_[i].name, &Variant::name) > 1)
      variants_[i].name += "#" + std::to_string(i + 1);
  }
}

std::string Document::resolved(const std::string& values) const {
  toml::table root = parse();
  const toml::table* sweep = root["sweep"].as_table();
  if (sweep == nullptr || sweep->empty()) return values;
  std::ostringstream text;
  text << values << "\n[sweep]\n" << *sweep << "\n";
  return text.str();
}

toml::table Document::tables(const Variant& variant) const {
  toml::table root = parse();
  for (const auto& [key, index] : variant.choices) {
    toml::node& value = *root["sweep"][key][index].node();
    put(root, key, std::move(value), file_ + ": sweep '" + key + "'");
  }
  root.erase("sweep");
  return root;
}

}  // namespace faceoff
