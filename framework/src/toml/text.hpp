#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace faceoff {

constexpr std::size_t longest_toml = 1U << 20U;  ///< bytes of a file
constexpr std::size_t most_key_parts = 32;

/// The first place of any of these characters that is in no string; the text's size where there is none.
std::size_t find_outside_strings(const std::string& text, std::string_view characters);

/// Refuses what toml++ does not survive: NUL (it aborts) and keys of very many parts, which make tables so deep that
/// letting go of them overflows the stack, also where no key alone is that long but they stand inside one another.
/// Throws ConfigError with the place in `file`.
void check_toml_text(const std::string& text, const std::string& file);

}  // namespace faceoff
