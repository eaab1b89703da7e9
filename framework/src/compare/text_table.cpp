#include "compare/text_table.hpp"

#include <algorithm>

namespace faceoff {

namespace {

/// Characters, each as wide as another in what we write.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string TextTable::text(const std::string& indent) const {
  std::vector<std::size_t> widths(rows_.front().size());
  std::vector<bool> used(widths.size());
  for (const auto& row : rows_) {
    if (row.size() < 2) continue;  // a line of its own
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i]));
      used[i] = used[i] || i == 0 || (&row != &rows_.front() && !row[i].empty());
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line = indent;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!used[i]) continue;
      const std::size_t width = width_of(row[i]);
      const std::string padding(width < widths[i] ? widths[i] - width : 0, ' ');
      line += i == 0 ? row[i] + padding : "  " + padding + row[i];
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

}  // namespace faceoff
