// A plugin library without plugins.
#include <faceoff/registry.hpp>

FACEOFF_PLUGINS(/*registrar*/) {}
