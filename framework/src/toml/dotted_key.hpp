#pragma once

#include <toml++/toml.h>

#include <optional>
#include <string>
#include <vector>

#include "toml/diagnostics.hpp"

namespace faceoff {

/// Where a node stands; --set has no lines.
Place place_of(const toml::source_region& source);

/// The parts of a dotted key.
using Key = std::vector<std::string>;

/// A dotted key, whose parts may be quoted as in TOML; nothing where it is none.
std::optional<Key> parse_key(const std::string& text);

/// A name as a part of a dotted key: quoted where it has to be.
std::string as_key(const std::string& name);

/// Whether one of two different keys is within the other.
bool nested(const Key& a, const Key& b);

/// Puts a value at a dotted key, making tables on the way; a number steps into a list. `source` is where that was said.
/// Moves the node: a copy would forget its place. Throws ConfigError with the place.
void put(toml::table& root, const std::string& key, toml::node&& value, const toml::source_region& source);

}  // namespace faceoff
