#pragma once

#include <cstdint>
#include <filesystem>

namespace faceoff {

/// How many bytes of memory this process may still take: what the machine has free or would free for it, and no more
/// than its control groups and its own limit (ulimit -v) leave. `root`: below which /proc and /sys are looked at.
std::int64_t available_memory(const std::filesystem::path& root = "/");

}  // namespace faceoff
