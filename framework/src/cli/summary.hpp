#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "run/item.hpp"

namespace faceoff {

/// One item in a line of words.
std::string item_words(const PreparedVariant& variant, const std::string& picture, const ItemReport& report);

/// What a run achieved.
struct Summary {
  std::string text;         ///< a paragraph a variant, and where everything is
  std::int64_t failed = 0;  ///< items, or left as they were
};

/// Read from a run's folder, its environment.json and results.jsonl, so that whoever made the items does not matter.
/// `name`: where it is, or is going to be where it is not in its place yet.
Summary summarise(const std::filesystem::path& run, const std::filesystem::path& name);

}  // namespace faceoff
