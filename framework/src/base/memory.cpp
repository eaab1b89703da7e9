#include "base/memory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// The number behind a word in a file, or in its beginning where there is no word; nothing where there is none.
std::optional<std::int64_t> number_in(const fs::path& file, const std::string& word = "") {
  std::ifstream in(file);
  std::string read;
  while (!word.empty() && in >> read && read != word) {
  }
  std::int64_t number = 0;
  return in >> number ? std::optional(number) : std::nullopt;
}

/// What a control group leaves, of either version; what is there of files that were read would be given up.
std::optional<std::int64_t> left_in_group(const fs::path& group) {
  const std::optional<std::int64_t> most = number_in(group / "memory.max"), used = number_in(group / "memory.current");
  if (most && used) return *most - *used + number_in(group / "memory.stat", "inactive_file").value_or(0);
  const std::optional<std::int64_t> limit = number_in(group / "memory.limit_in_bytes");
  const std::optional<std::int64_t> usage = number_in(group / "memory.usage_in_bytes");
  if (limit && usage) return *limit - *usage + number_in(group / "memory.stat", "total_inactive_file").value_or(0);
  return std::nullopt;
}

/// The least that the process's control group and those around it leave.
std::int64_t left_in_groups(const fs::path& root) {
  std::int64_t left = std::numeric_limits<std::int64_t>::max();
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {  // NUMBER:CONTROLLERS:/PATH
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && controllers != "memory") continue;
    const fs::path top = root / "sys/fs/cgroup" / controllers;
    for (fs::path group = fs::path(line.substr(second + 1)).relative_path();; group = group.parent_path()) {
      left = std::min(left, left_in_group(top / group).value_or(left));
      if (group.empty()) break;
    }
  }
  return left;
}

/// What the process's limit of its address space leaves.
std::int64_t left_of_addresses(const fs::path& root) {
  rlimit limit{};
  const std::optional<std::int64_t> pages = number_in(root / "proc/self/statm");
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || !pages)
    return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(limit.rlim_cur) - *pages * ::sysconf(_SC_PAGESIZE);
}

}  // namespace

std::int64_t available_memory(const fs::path& root) {
  std::int64_t left = std::min(left_in_groups(root), left_of_addresses(root));
  if (const auto machine = number_in(root / "proc/meminfo", "MemAvailable:")) left = std::min(left, *machine * 1024);
  return std::max<std::int64_t>(left, 0);
}

}  // namespace faceoff
