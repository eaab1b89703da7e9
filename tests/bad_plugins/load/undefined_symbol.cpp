// Calls what no library has.
#include <faceoff/registry.hpp>

void is_nowhere(int times);

FACEOFF_PLUGINS(/*registrar*/) {
  is_nowhere(3);
}
