#pragma once

#include "base/json.hpp"
#include "plugins/plugin_library.hpp"

namespace faceoff {

/// What an experiment's TOML may say, as a JSON schema (draft 7) for editors: the host's keys, and the parameters that
/// plugins declare for themselves. It says no more than one file can be held to: whether all is there that an attack
/// needs goes by what the file extends, too.
Json experiment_schema(const PluginLibrary& plugins);

}  // namespace faceoff
