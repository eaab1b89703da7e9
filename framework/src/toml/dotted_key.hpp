#pragma once

#include <toml++/toml.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "toml/diagnostics.hpp"

namespace faceoff {

constexpr std::size_t longest_toml = 1U << 20U;  ///< bytes of a file
constexpr std::size_t most_key_parts = 32;

/// The first place of any of these characters that is in no string; the text's size where there is none.
std::size_t find_outside_strings(const std::string& text, std::string_view characters);

/// Refuses what toml++ does not survive: NUL (it aborts) and keys of very many parts, which make tables so deep that
/// letting go of them overflows the stack, also where no key alone is that long but they stand inside one another.
/// Throws ConfigError with the place in `file`.
void check_toml_text(const std::string& text, const std::string& file);

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
