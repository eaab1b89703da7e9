#pragma once

#include <faceoff/schema.hpp>

#include <toml++/toml.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "toml/document.hpp"

namespace faceoff {

/// Every value an experiment ended up with and where it came from, in reading order.
struct Resolved {
  struct Line {
    std::string section, key, value, origin;
  };
  std::vector<Line> lines;
};

/// The values of a sweep's variants by their names, as TOML. What not all of them share becomes a comment: the sweep
/// sets it, or it is the default of a plugin that only some of them use.
std::string to_toml(const std::vector<std::pair<std::string, const Resolved*>>& variants);

/// The values that a number may have; both ends belong to it.
struct Bounds {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

/// One table of an experiment while it is read: each key is asked for once with its type, default and bounds, and what
/// nobody asked for is an error. Faults are collected, not thrown; a default is returned in their place.
class TomlTable {
 public:
  /// `table` may be null: then everything is the default. `header` is the table's line in resolved.toml.
  TomlTable(const toml::table* table, std::string header, Place place, Diagnostics& diagnostics, Resolved& resolved);

  bool flag(const std::string& key, bool fallback) { return std::get<bool>(read(key, fallback)); }
  std::int64_t integer(const std::string& key, std::int64_t fallback, Bounds bounds = {}) {
    return std::get<std::int64_t>(read(key, fallback, bounds));
  }
  double number(const std::string& key, double fallback, Bounds bounds = {}) {
    return std::get<double>(read(key, fallback, bounds));
  }
  /// A number from 0 to 255, or a fraction of 255 as text: "8/255" is 8.
  double grey_levels(const std::string& key, double fallback);
  std::string text(const std::string& key, const std::string& fallback) {
    return std::get<std::string>(read(key, fallback, {}, fallback.empty()));
  }
  /// A string that has to be there, and not empty.
  std::string required_text(const std::string& key);
  /// One of these; the first is the default.
  std::string choice(const std::string& key, const std::vector<std::string>& choices);
  /// A list of strings; a single string is a list of one.
  std::vector<std::string> texts(const std::string& key) {
    return std::get<std::vector<std::string>>(read(key, std::vector<std::string>{}, {}, true));
  }
  /// The same where there has to be one: `what` they are.
  std::vector<std::string> required_texts(const std::string& key, const std::string& what);
  /// A plugin's parameter.
  ParamValue param(const ParamInfo& info);
  /// A node that the caller reads; it counts as asked for.
  const toml::node* take(const std::string& key);

  /// Reports the keys that nobody asked for.
  void finish();

  bool has(const std::string& key) const { return table_ != nullptr && table_->contains(key); }
  /// Where the key's value stands, or the table.
  Place place(const std::string& key) const;
  const Place& place() const { return place_; }
  /// Reports a fault at a key.
  void fault(const std::string& key, const std::string& message);

 private:
  /// The header without its number: [[loss]].
  std::string title() const;
  const toml::node* find(const std::string& key) const;
  /// The value, with its faults told, which goes into what is resolved; a default too, unless only `if_said`.
  ParamValue read(const std::string& key, const ParamValue& fallback, Bounds bounds = {}, bool if_said = false);
  void check(const std::string& key, double value, Bounds bounds);

  const toml::table* table_;
  std::string header_;
  Place place_;
  Diagnostics& diagnostics_;
  Resolved& resolved_;
  std::vector<std::string> known_;
};

}  // namespace faceoff
