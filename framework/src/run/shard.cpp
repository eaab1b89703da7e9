#include "run/shard.hpp"

#include <faceoff/error.hpp>

#include <charconv>

#include "base/one_line.hpp"

namespace faceoff {

Shard Shard::parse(const std::string& text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto [slash, first] = std::from_chars(text.data(), end, shard.index);
  const bool divided = first == std::errc() && slash != end && *slash == '/';
  const auto [last, second] = std::from_chars(divided ? slash + 1 : end, end, shard.of);
  if (!divided || second != std::errc() || last != end || shard.index < 1 || shard.index > shard.of)
    throw ConfigError("--shard " + one_line(text) + ": say which part of how many, from 1: --shard 1/4");
  return shard;
}

}  // namespace faceoff
