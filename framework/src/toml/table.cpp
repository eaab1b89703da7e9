#include "toml/table.hpp"

#include <algorithm>
#include <cmath>
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

/// A number as double; toml++ itself gives none for whole numbers beyond 2^53.
double as_double(const toml::node& node) {
  return node.is_integer() ? static_cast<double>(node.as_integer()->get()) : node.as_floating_point()->get();
}

/// The node as a value of the same alternative as `like`; a whole number is a number too.
std::optional<ParamValue> convert(const toml::node& node, const ParamValue& like) {
  if (std::holds_alternative<bool>(like) && node.is_boolean()) return *node.value<bool>();
  if (std::holds_alternative<std::int64_t>(like) && node.is_integer()) return *node.value<std::int64_t>();
  if (std::holds_alternative<double>(like) && node.is_number()) return as_double(node);
  if (std::holds_alternative<std::string>(like) && node.is_string()) return *node.value<std::string>();
  if (std::holds_alternative<std::vector<std::string>>(like) && node.is_string()) {
    return std::vector<std::string>{*node.value<std::string>()};
  }
  const toml::array* list = node.as_array();
  if (list == nullptr) return std::nullopt;
  if (std::holds_alternative<std::vector<double>>(like)) {
    std::vector<double> values;
    for (const toml::node& item : *list) {
      if (!item.is_number()) return std::nullopt;
      values.push_back(as_double(item));
    }
    return values;
  }
  if (std::holds_alternative<std::vector<std::string>>(like)) {
    std::vector<std::string> values;
    for (const toml::node& item : *list) {
      if (!item.is_string()) return std::nullopt;
      values.push_back(*item.value<std::string>());
    }
    return values;
  }
  return std::nullopt;
}

/// Values by name, in the order in which the names came up.
template <class Value>
class Listed {
 public:
  Value& operator[](const std::string& name) {
    const auto [place, added] = places_.emplace(name, entries_.size());
    if (added) entries_.emplace_back(name, Value{});
    return entries_[place->second].second;
  }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  std::map<std::string, std::size_t> places_;
  std::vector<std::pair<std::string, Value>> entries_;
};

}  // namespace

std::string to_toml(const std::vector<std::pair<std::string, const Resolved*>>& variants) {
  struct Said {
    std::string origin, first_variant;
    std::size_t variants = 0;
  };
  using Keys = Listed<Listed<Said>>;  // by key, by value
  Listed<Keys> sections;
  for (const auto& [name, resolved] : variants) {
    for (const Resolved::Line& line : resolved->lines) {
      Said& said = sections[line.section][line.key][line.value];
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
  const toml::node* node = table_ != nullptr ? table_->get(key) : nullptr;
  return node != nullptr && node->source().path ? place_of(node->source()) : place_;
}

void TomlTable::fault(const std::string& key, const std::string& message) {
  diagnostics_.add(place(key), message);
}

const toml::node* TomlTable::take(const std::string& key) {
  known_.push_back(key);
  return table_ != nullptr ? table_->get(key) : nullptr;
}

std::optional<ParamValue> TomlTable::read(const std::string& key, const ParamValue& like) {
  const toml::node* node = take(key);
  if (node == nullptr) return std::nullopt;
  std::optional<ParamValue> value = convert(*node, like);
  if (!value) fault(key, "'" + key + "' should be " + type_name(like));
  return value;
}

void TomlTable::check(const std::string& key, double value, Bounds bounds) {
  if (std::isfinite(value) && value >= bounds.low && value <= bounds.high) return;
  if (std::isinf(bounds.low) && std::isinf(bounds.high)) {
    fault(key, "'" + key + "' is " + shown(value) + ", and should be finite");
  } else if (std::isinf(bounds.high)) {
    fault(key, "'" + key + "' is " + shown(value) + ", and should be " + shown(bounds.low) + " or more");
  } else {
    fault(key, "'" + key + "' is " + shown(value) + ", and should be from " + shown(bounds.low) + " to " +
                   shown(bounds.high));
  }
}

void TomlTable::resolve(const std::string& key, const ParamValue& value) {
  const Place at = place(key);
  const bool said = has(key);
  resolved_.lines.push_back({header_, key, to_toml(value), said ? one_line(to_string(at)) : "default"});
}

bool TomlTable::flag(const std::string& key, bool fallback) {
  const ParamValue value = read(key, fallback).value_or(fallback);
  resolve(key, value);
  return std::get<bool>(value);
}

std::int64_t TomlTable::integer(const std::string& key, std::int64_t fallback, Bounds bounds) {
  const ParamValue value = read(key, fallback).value_or(fallback);
  check(key, static_cast<double>(std::get<std::int64_t>(value)), bounds);
  resolve(key, value);
  return std::get<std::int64_t>(value);
}

double TomlTable::number(const std::string& key, double fallback, Bounds bounds) {
  const ParamValue value = read(key, fallback).value_or(fallback);
  check(key, std::get<double>(value), bounds);
  resolve(key, value);
  return std::get<double>(value);
}

std::string TomlTable::text(const std::string& key, const std::string& fallback) {
  const ParamValue value = read(key, fallback).value_or(fallback);
  if (has(key) || !fallback.empty()) resolve(key, value);
  return std::get<std::string>(value);
}

std::string TomlTable::title() const {
  return header_.substr(0, header_.find("  #"));
}

std::string TomlTable::required_text(const std::string& key) {
  const toml::node* node = table_ != nullptr ? table_->get(key) : nullptr;
  if (node == nullptr || node->value<std::string_view>() == "") fault(key, title() + " needs '" + key + "'");
  return text(key, "");
}

std::string TomlTable::choice(const std::string& key, const std::vector<std::string>& choices) {
  const std::string value = text(key, choices.front());
  if (std::ranges::find(choices, value) != choices.end()) return value;
  fault(key, "'" + value + "' is no " + key + ": one of " + joined(choices) + did_you_mean(value, choices));
  return choices.front();
}

std::vector<std::string> TomlTable::texts(const std::string& key) {
  const ParamValue none = std::vector<std::string>{};
  const ParamValue value = read(key, none).value_or(none);
  if (has(key)) resolve(key, value);
  return std::get<std::vector<std::string>>(value);
}

std::vector<std::string> TomlTable::required_texts(const std::string& key, const std::string& what) {
  const toml::node* node = table_ != nullptr ? table_->get(key) : nullptr;
  if (node == nullptr || (node->is_array() && node->as_array()->empty()))
    fault(key, title() + " needs '" + key + "', " + what);
  return texts(key);
}

ParamValue TomlTable::param(const ParamInfo& info) {
  const ParamValue value = read(info.name, info.initial).value_or(info.initial);
  const Bounds bounds{info.low.value_or(Bounds{}.low), info.high.value_or(Bounds{}.high)};
  if (const auto* whole = std::get_if<std::int64_t>(&value)) check(info.name, static_cast<double>(*whole), bounds);
  if (const auto* real = std::get_if<double>(&value)) check(info.name, *real, bounds);
  if (const auto* list = std::get_if<std::vector<double>>(&value)) {
    for (const double item : *list) check(info.name, item, bounds);
  }
  if (const auto* words = std::get_if<std::vector<std::string>>(&value); words != nullptr && !info.choices.empty()) {
    for (const std::string& word : *words) {
      if (std::ranges::find(info.choices, word) == info.choices.end())
        fault(info.name, "'" + word + "' is none of " + joined(info.choices) + did_you_mean(word, info.choices));
    }
  }
  if (const auto* word = std::get_if<std::string>(&value);
      word != nullptr && !info.choices.empty() && std::ranges::find(info.choices, *word) == info.choices.end()) {
    fault(info.name, "'" + *word + "' is no " + info.name + ": one of " + joined(info.choices) +
                         did_you_mean(*word, info.choices));
  }
  resolve(info.name, value);
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
