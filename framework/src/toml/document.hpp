#pragma once

#include <toml++/toml.h>

#include <filesystem>
#include <string>
#include <vector>

#include "toml/diagnostics.hpp"
#include "toml/dotted_key.hpp"
#include "toml/sweep.hpp"

namespace faceoff {

/// An experiment file, what it extends and the command line's --set put together: text that parses, not yet checked for
/// what it says.
class Document {
 public:
  /// Reads and parses. Throws MissingFile, or ConfigError with the place where a file is no TOML.
  Document(const std::filesystem::path& path, std::vector<std::string> sets);

  const std::string& file() const { return sources_.back().file; }
  /// The experiment's own text.
  const std::string& text() const { return sources_.back().text; }
  /// The files that make it up: those that it extends, in the order in which they overrule one another, and itself.
  const std::vector<SourceText>& sources() const { return sources_; }
  /// All of them, and what --set says.
  std::string whole_text() const;
  const std::vector<Variant>& variants() const { return variants_; }

  /// [sweep] as it stands once everything is put together, as TOML.
  std::string sweep() const;

  /// The tables of one variant, without [sweep]. Parsed anew, since toml++'s copies forget where a value stood.
  toml::table tables(const Variant& variant) const;
  /// Where [sweep] names what a setting sets.
  Place place_of_key(const Variant::Setting& setting) const;

 private:
  /// Reads a file after those that it extends. `by`: the files that led here.
  void read(const std::filesystem::path& path, std::vector<std::string> by);
  toml::table parse() const;
  /// Does what may throw a ConfigError with a place, which is then shown.
  template <class Work>
  void shown(const Work& work) const;

  std::vector<SourceText> sources_;
  std::vector<std::string> sets_;
  std::vector<Variant> variants_;
};

/// What some KEY=VALUE of the command line say by themselves. Throws ConfigError.
toml::table parse_sets(const std::vector<std::string>& sets);

}  // namespace faceoff
