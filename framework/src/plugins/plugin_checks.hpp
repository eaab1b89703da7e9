#pragma once

#include <faceoff/schema.hpp>

#include <string>
#include <vector>

namespace faceoff {

/// "loss 'similarity'", fit for a message whatever the plugin calls itself.
std::string describe(const PluginInfo& info);

/// Checks what a library registered: names, parameters, defaults and factories, and that nothing is there twice. What
/// is wrong is thrown as a PluginError that tells of "it", the library.
void check_registered(const std::vector<PluginInfo>& plugins);

}  // namespace faceoff
