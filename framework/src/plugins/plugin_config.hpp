#pragma once

#include <faceoff/error.hpp>
#include <faceoff/plugin.hpp>
#include <faceoff/schema.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace faceoff {

/// The strings of a value: one, or those of a list; none of other types.
std::vector<std::string> strings_of(const ParamValue& value);

/// The files that a parameter names, if it is declared to name any. Throws MissingFile.
std::vector<std::filesystem::path> files_of(const ParamInfo& param, const ParamValue& value, const Setup& setup);

/// A plugin as an experiment asks for it.
struct PluginConfig {
  const PluginInfo* info = nullptr;
  std::vector<std::pair<const ParamInfo*, ParamValue>> params;
  std::map<std::string, Place> places;  ///< of the parameters that the experiment sets
  Place place;

  /// Where a parameter is set, else where the plugin is named.
  Place place_of(const std::string& param) const {
    const auto found = places.find(param);
    return found != places.end() ? found->second : place;
  }
};

}  // namespace faceoff
