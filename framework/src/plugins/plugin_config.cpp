#include "plugins/plugin_config.hpp"

#include <variant>

namespace faceoff {

std::vector<std::string> strings_of(const ParamValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return {*text};
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return *list;
  return {};
}

std::vector<std::filesystem::path> files_of(const ParamInfo& param, const ParamValue& value, const Setup& setup) {
  std::vector<std::filesystem::path> files;
  if (!param.file) return files;
  for (const std::string& name : strings_of(value)) {
    if (!name.empty()) files.push_back(setup.resolve(name));
  }
  return files;
}

}  // namespace faceoff
