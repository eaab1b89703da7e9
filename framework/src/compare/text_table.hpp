#pragma once

#include <string>
#include <vector>

namespace faceoff {

/// A table for people: the first column to the left, the others to the right, each as wide as it has to be.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) : rows_{std::move(header)} {}

  /// Fields that are missing at the end are empty.
  void add(std::vector<std::string> fields) { rows_.push_back(std::move(fields)); }
  /// A line of its own, whose length widens no column.
  void add_line(const std::string& text) { rows_.push_back({text}); }

  /// Its lines, each after the indent. Columns in which nothing stands below the header are left out.
  std::string text(const std::string& indent) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace faceoff
