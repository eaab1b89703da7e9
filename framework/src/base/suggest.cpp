#include "base/suggest.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace faceoff {

namespace {

constexpr std::size_t longest_word = 64;  // nobody mistypes a longer one, and the distance takes quadratic time

/// How far a candidate is from the word, where it is near enough to be meant.
std::optional<std::size_t> nearness(std::string_view word, std::string_view candidate) {
  const std::size_t shorter = std::min(word.size(), candidate.size());
  const std::size_t longer = std::max(word.size(), candidate.size());
  if (longer > longest_word) return std::nullopt;
  const std::size_t allowed = std::max<std::size_t>(1, longer / 3);
  const std::size_t distance = edit_distance(word, candidate);
  if (distance <= allowed && distance < shorter) return distance;
  // A word cut short ("eps") is farther than any typing error.
  if (shorter >= 3 && (candidate.starts_with(word) || word.starts_with(candidate))) return longest_word + distance;
  return std::nullopt;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const std::string* best = nullptr;
  std::size_t best_distance = 0;
  for (const std::string& candidate : candidates) {
    const auto distance = nearness(word, candidate);
    if (!distance || (best != nullptr && *distance >= best_distance)) continue;
    best = &candidate;
    best_distance = *distance;
  }
  return best == nullptr ? "" : "; did you mean '" + *best + "'?";
}

}  // namespace faceoff
