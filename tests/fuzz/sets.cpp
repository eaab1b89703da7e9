#include <faceoff/error.hpp>

#include <sstream>

#include "base/lists.hpp"
#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"
#include "toml/document.hpp"

namespace faceoff::fuzz {

namespace {

/// What a key's parts are written as reads as these parts.
void check_key(const std::string& text) {
  const std::optional<Key> key = parse_key(text);
  if (!key) return;
  std::vector<std::string> parts;
  for (const std::string& part : *key) parts.push_back(as_key(part));
  require(parse_key(joined(parts, ".")) == key, "a key that is written reads otherwise");
}

}  // namespace

void sets(std::string_view input) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(input)};
  for (std::string line; std::getline(stream, line);) {
    check_key(line.substr(0, line.find('=')));
    lines.push_back(std::move(line));
  }
  try {
    parse_sets(lines);
  } catch (const ConfigError&) {
  }
}

}  // namespace faceoff::fuzz
