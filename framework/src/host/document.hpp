#pragma once

#include <toml++/toml.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "host/diagnostics.hpp"

namespace faceoff {

/// One setting of a sweep: its name and what it sets.
struct Variant {
  std::string name;                                          ///< "epsilon=8,area=true"; "base" where nothing is swept
  std::vector<std::pair<std::string, std::size_t>> choices;  ///< swept key and which of its values
};

/// An experiment file with the command line's --set applied: text that parses, not yet checked for what it says.
class Document {
 public:
  /// Reads and parses. Throws MissingFile, or ConfigError with the place where the file is no TOML.
  Document(const std::filesystem::path& path, std::vector<std::string> sets);

  const std::string& file() const { return file_; }
  const std::string& text() const { return text_; }
  const std::vector<Variant>& variants() const { return variants_; }

  /// resolved.toml: the variants' values, and [sweep] as it stands, which goes before them.
  std::string with_sweep(const std::string& values) const;

  /// The tables of one variant, without [sweep]. Parsed anew, since toml++'s copies forget where a value stood.
  toml::table tables(const Variant& variant) const;

 private:
  toml::table parse() const;
  /// What --set sets is no longer swept; what is nested with a swept key is refused.
  void take_from_sweep(toml::table& sweep, const std::string& set, const toml::source_region& source) const;
  /// Sets a dotted key; where that can't be, a ConfigError that shows where it was said.
  void set_value(toml::table& root, const std::string& key, toml::node&& value,
                 const toml::source_region& source) const;
  void read_sweep(const toml::table& root);

  std::string file_;
  std::string text_;
  std::vector<std::string> sets_;
  std::vector<Variant> variants_;
};

/// What some KEY=VALUE of the command line say by themselves. Throws ConfigError.
toml::table parse_sets(const std::vector<std::string>& sets);

/// Where a node stands.
Place place_of(const toml::source_region& source);

}  // namespace faceoff
