#pragma once

#include <faceoff/plugin.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "plugins/plugin_library.hpp"

namespace faceoff {

/// Told of each check as soon as it is done: `fault` is empty where it passed.
using CheckReport = std::function<void(const std::string& check, const std::string& fault)>;

/// Holds a plugin, with these parameters and the others' defaults, to what its interface promises: shapes and finite
/// values, a gradient that reaches the input, rows that do not depend on one another, the same bits for the same seed,
/// inputs and the process's state left as they were, and for its kind: the budget kept, map and landmarks moved along
/// with the pixels. Where it can't be set up or does not answer as it should, nothing more is asked of it.
void check_contract(const PluginLibrary& library, const PluginInfo& info,
                    const std::vector<std::pair<const ParamInfo*, ParamValue>>& params, const Setup& setup,
                    const CheckReport& report);

}  // namespace faceoff
