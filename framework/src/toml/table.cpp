#include "toml/table.hpp"

#include <nlohmann/ordered_map.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <type_traits>
#include <utility>

#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "base/suggest.hpp"

namespace faceoff {

namespace {

std::string shown(double value) {
  constexpr double exact = 9007199254740992.0;  // 2^53: up to here 100000 reads better than 1e+05
  if (std::abs(value) <= exact && value == std::round(value)) return std::to_string(static_cast<std::int64_t>(value));
  std::string text = to_toml(ParamValue(value));
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

/// The node as a value of this type, if it is one; a whole number is a number too.
template <class T>
std::optional<T> as(const toml::node& node, const T& /*type*/) {
  if constexpr (std::is_same_v<T, double>) {
    // toml++ itself gives none for whole numbers beyond 2^53.
    if (node.is_integer()) return static_cast<double>(node.as_integer()->get());
  }
  return node.value_exact<T>();
}

/// The same for a list; a string is a list of one.
template <class T>
std::optional<std::vector<T>> as(const toml::node& node, const std::vector<T>& /*type*/) {
  std::vector<T> values;
  const toml::array* list = node.as_array();
  if (list == nullptr) {
    if constexpr (std::is_same_v<T, std::string>) {
      if (const std::optional<T> one = as(node, T())) return std::vector<T>{*one};
    }
    return std::nullopt;
  }
  for (const toml::node& item : *list) {
    const std::optional<T> value = as(item, T());
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

/// What "8/255" says; nothing where the text is no fraction.
std::optional<double> fraction(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto number = [&](std::size_t from, std::size_t to) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data() + from, text.data() + to, value);
    return error == std::errc() && end == text.data() + to ? value : std::nan("");
  };
  const double share = number(0, slash) / number(slash + 1, text.size());
  return std::isfinite(share) ? std::optional(share) : std::nullopt;
}

}  // namespace

std::string to_toml(const std::vector<std::pair<std::string, const Resolved*>>& variants) {
  struct Setting {
    std::string origin, first_variant;
    std::size_t variants = 0;
  };
  // By section, key and value, in the order in which they came up.
  using Values = nlohmann::ordered_map<std::string, Setting>;
  nlohmann::ordered_map<std::string, nlohmann::ordered_map<std::string, Values>> sections;
  for (const auto& [name, resolved] : variants) {
    for (const Resolved::Line& line : resolved->lines) {
      Setting& said = sections[line.section][line.key][line.value];
      if (said.variants++ == 0) said = {line.origin, name, 1};
    }
  }
  std::string text;
  for (const auto& [header, keys] : sections) {
    if (!header.empty()) text += (text.empty() ? "" : "\n") + header + "\n";
    for (const auto& [key, values] : keys) {
      for (const auto& [value, said] : values) {
        const bool shared = said.variants == variants.size();
        text += (shared ? "" : "# ") + key + " = " + value + "  # " + said.origin;
        if (!shared) text += ", in " + said.first_variant;
        if (!shared && said.variants > 1) text += " and " + std::to_string(said.variants - 1) + " more";
        text += "\n";
      }
    }
  }
  return text;
}

TomlTable::TomlTable(const toml::table* table, std::string header, Place place, Diagnostics& diagnostics,
                     Resolved& resolved)
    : table_(table),
      header_(std::move(header)),
      place_(std::move(place)),
      diagnostics_(diagnostics),
      resolved_(resolved) {
  if (table_ != nullptr && table_->source().begin.line != 0) place_ = place_of(table_->source());
}

Place TomlTable::place(const std::string& key) const {
  const toml::node* node = find(key);
  return node != nullptr && node->source().path ? place_of(node->source()) : place_;
}

void TomlTable::fault(const std::string& key, const std::string& message) {
  diagnostics_.add(place(key), message);
}

const toml::node* TomlTable::find(const std::string& key) const {
  return table_ != nullptr ? table_->get(key) : nullptr;
}

const toml::node* TomlTable::take(const std::string& key) {
  known_.push_back(key);
  return find(key);
}

void TomlTable::check(const std::string& key, double value, Bounds bounds) {
  if (std::isfinite(value) && value >= bounds.low && value <= bounds.high) return;
  const std::string right = !std::isinf(bounds.high)  ? "from " + shown(bounds.low) + " to " + shown(bounds.high)
                            : !std::isinf(bounds.low) ? shown(bounds.low) + " or more"
                                                      : "finite";
  fault(key, "'" + key + "' is " + shown(value) + ", and should be " + right);
}

ParamValue TomlTable::read(const std::string& key, const ParamValue& fallback, Bounds bounds, bool if_said) {
  const toml::node* node = take(key);
  std::optional<ParamValue> said = fallback;
  if (node != nullptr)
    said = std::visit([&](const auto& type) -> std::optional<ParamValue> { return as(*node, type); }, fallback);
  if (!said) {
    const bool word = std::holds_alternative<std::string>(fallback);
    fault(key, "'" + key + "' should be " + type_name(fallback) + (word ? ", in quotes: \"like this\"" : ""));
  }
  const ParamValue value = said.value_or(fallback);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) check(key, static_cast<double>(*whole), bounds);
  if (const auto* real = std::get_if<double>(&value)) check(key, *real, bounds);
  if (const auto* list = std::get_if<std::vector<double>>(&value)) {
    for (const double item : *list) check(key, item, bounds);
  }
  const std::string origin = node != nullptr ? one_line(to_string(place(key))) : "default";
  if (node != nullptr || !if_said) resolved_.lines.push_back({header_, key, to_toml(value), origin});
  return value;
}

double TomlTable::grey_levels(const std::string& key, double fallback) {
  constexpr Bounds levels{0, 255};
  const toml::node* node = find(key);
  const std::optional<double> share = node != nullptr ? fraction(node->value_or(std::string())) : std::nullopt;
  if (!share) return number(key, fallback, levels);
  take(key);
  const double value = *share * levels.high;
  check(key, value, levels);
  resolved_.lines.push_back({header_, key, to_toml(ParamValue(value)), one_line(to_string(place(key)))});
  return value;
}

std::string TomlTable::title() const {
  return header_.substr(0, header_.find("  #"));
}

std::string TomlTable::required_text(const std::string& key) {
  const toml::node* node = find(key);
  if (node == nullptr || node->value<std::string_view>() == "") fault(key, title() + " needs '" + key + "'");
  return text(key, "");
}

std::string TomlTable::choice(const std::string& key, const std::vector<std::string>& choices) {
  const std::string value = text(key, choices.front());
  if (std::ranges::find(choices, value) != choices.end()) return value;
  fault(key, "'" + value + "' is no " + key + ": one of " + joined(choices) + did_you_mean(value, choices));
  return choices.front();
}

std::vector<std::string> TomlTable::required_texts(const std::string& key, const std::string& what) {
  const toml::node* node = find(key);
  if (node == nullptr || (node->is_array() && node->as_array()->empty()))
    fault(key, title() + " needs '" + key + "', " + what);
  return texts(key);
}

ParamValue TomlTable::param(const ParamInfo& info) {
  const Bounds bounds{info.low.value_or(Bounds{}.low), info.high.value_or(Bounds{}.high)};
  const ParamValue value = read(info.name, info.initial, bounds);
  if (info.choices.empty()) return value;
  const auto check_choice = [&](const std::string& word, const std::string& none) {
    if (std::ranges::find(info.choices, word) != info.choices.end()) return;
    fault(info.name, "'" + word + "' is " + none + joined(info.choices) + did_you_mean(word, info.choices));
  };
  if (const auto* word = std::get_if<std::string>(&value)) check_choice(*word, "no " + info.name + ": one of ");
  if (const auto* words = std::get_if<std::vector<std::string>>(&value)) {
    for (const std::string& one : *words) check_choice(one, "none of ");
  }
  return value;
}

void TomlTable::finish() {
  if (table_ == nullptr) return;
  for (const auto& [key, value] : *table_) {
    const std::string name(key.str());
    if (std::ranges::find(known_, name) != known_.end()) continue;
    const Place at = key.source().path ? place_of(key.source()) : place_of(value.source());
    diagnostics_.add(
        at.file.empty() ? place_ : at,
        "unknown key '" + name + "'" + (header_.empty() ? "" : " in " + title()) + did_you_mean(name, known_));
  }
}

}  // namespace faceoff
