// Throws while it registers, in two lines.
#include <faceoff/registry.hpp>

#include <stdexcept>

FACEOFF_PLUGINS(/*registrar*/) {
  throw std::runtime_error("no licence\nfor this machine");
}
