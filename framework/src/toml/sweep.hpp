#pragma once

#include <toml++/toml.h>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "toml/diagnostics.hpp"

namespace faceoff {

/// One setting of a sweep.
struct Variant {
  /// Where in [sweep] a value stands that it sets.
  struct Setting {
    std::optional<std::size_t> zip;  ///< which [[sweep.zip]], if in one
    std::string key;
    std::size_t index = 0;
  };
  std::string name;  ///< "epsilon=8,area=true"; "base" where nothing is swept
  std::vector<Setting> settings;
  std::vector<std::pair<std::string, std::string>> choices;  ///< each swept key and what its value here is called
};

/// The variants of an experiment's [sweep]: the product of its lists and of its [sweep.zip] tables, whose lists go
/// together, a value of each at a time, under the names that a list `name` among them gives. Faults are collected.
std::vector<Variant> read_sweep(toml::table& root, Diagnostics& diagnostics);

/// The node of a setting, which stands in [sweep], and its key there.
std::pair<const toml::key*, toml::node*> find(toml::table& root, const Variant::Setting& setting);

/// Takes a key out of [sweep], for something else sets it. Throws ConfigError with `source` where a swept key is within
/// it or it in that.
void take_from_sweep(toml::table& root, const std::string& key, const toml::source_region& source);

/// [sweep] as TOML; empty where nothing is swept.
std::string sweep_to_toml(toml::table& root);

}  // namespace faceoff
