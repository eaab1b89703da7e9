#include "experiment/tables.hpp"

namespace faceoff {

bool ExperimentTables::misshapen(const std::string& key) const {
  const toml::node* node = at(key);
  if (node == nullptr || node->is_table()) return false;
  fault(node, "'" + key + "' should be a table: [" + key + "]");
  return true;
}

const toml::table* ExperimentTables::table(const std::string& key) const {
  const toml::node* node = at(key);
  return node != nullptr ? node->as_table() : nullptr;
}

std::vector<const toml::table*> ExperimentTables::list(const std::string& key) const {
  std::vector<const toml::table*> found;
  const toml::node* node = at(key);
  if (node == nullptr) return found;
  const toml::array* list = node->as_array();
  bool good = list != nullptr;
  for (std::size_t i = 0; good && i < list->size(); ++i) {
    good = list->get(i)->is_table();
    if (good) found.push_back(list->get(i)->as_table());
  }
  if (!good) fault(node, "'" + key + "' should be a list of tables: [[" + key + "]]");
  return found;
}

TomlTable ExperimentTables::opened(const toml::table* table, const std::string& header) const {
  return {table, header, Place{file_, 0, 0}, diagnostics_, resolved_};
}

void ExperimentTables::fault(const toml::node* node, const std::string& message) const {
  diagnostics_.add(node != nullptr ? place_of(node->source()) : Place{file_, 0, 0}, message);
}

}  // namespace faceoff
