// Throws as LibTorch does, whose own message has a backtrace.
#include <faceoff/registry.hpp>

#include <c10/util/Exception.h>

FACEOFF_PLUGINS(/*registrar*/) {
  TORCH_CHECK(false, "no such operator");
}
