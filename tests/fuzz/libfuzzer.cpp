#include <cstddef>
#include <cstdint>

#include "fuzz/targets.hpp"

/// What libFuzzer calls, with the target that this program is built for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  faceoff::fuzz::FACEOFF_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
