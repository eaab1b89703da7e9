#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace system_test {

/// So many of the samples the test's demo attacks.
inline constexpr std::size_t demo_photos = 1;

/// The run folder that scripts/demo made of an experiment, in the ctest named demo that these tests come after.
inline std::filesystem::path demo_run(const std::string& experiment) {
  return std::filesystem::path(FACEOFF_BUILD_FOLDER) / "demo-test" / experiment;
}

}  // namespace system_test
