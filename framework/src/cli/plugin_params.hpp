#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "plugins/plugin_library.hpp"

namespace faceoff {

using PluginParams = std::vector<std::pair<const ParamInfo*, ParamValue>>;

/// What the command line's PLUGIN.KEY=VALUE say of these plugins: all parameters of those that are named, with their
/// defaults. Throws ConfigError with all that is wrong.
std::map<const PluginInfo*, PluginParams> read_params(const std::vector<const PluginInfo*>& plugins,
                                                      const std::vector<std::string>& sets);

}  // namespace faceoff
