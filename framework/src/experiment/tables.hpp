#pragma once

#include <toml++/toml.h>

#include <string>
#include <vector>

#include "toml/diagnostics.hpp"
#include "toml/table.hpp"

namespace faceoff {

/// One variant's tables, and where their faults and values go.
class ExperimentTables {
 public:
  ExperimentTables(const toml::table& root, std::string file, Diagnostics& diagnostics, Resolved& resolved)
      : root_(root), file_(std::move(file)), diagnostics_(diagnostics), resolved_(resolved) {}

  /// The key under which there may be anything.
  const toml::node* at(const std::string& key) const { return root_.get(key); }
  /// Whether a top-level key is something else than a table: a fault, and what is in it is not asked for.
  bool misshapen(const std::string& key) const;
  /// The table under a top-level key, or null.
  const toml::table* table(const std::string& key) const;
  /// The tables of a [[key]] list.
  std::vector<const toml::table*> list(const std::string& key) const;
  /// A table as it is read; null: everything is the default.
  TomlTable opened(const toml::table* table, const std::string& header) const;
  TomlTable top() const { return opened(&root_, ""); }
  /// A fault, at a node or of the whole file.
  void fault(const toml::node* node, const std::string& message) const;

 private:
  const toml::table& root_;
  std::string file_;
  Diagnostics& diagnostics_;
  Resolved& resolved_;
};

}  // namespace faceoff
