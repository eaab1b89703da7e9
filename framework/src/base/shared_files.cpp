#include "base/shared_files.hpp"

#include <system_error>

namespace faceoff {

std::filesystem::path shared_folder(const std::filesystem::path& name) {
  std::error_code ignored;
  const std::filesystem::path executable = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return executable.parent_path().parent_path() / "share" / "faceoff" / name;
}

}  // namespace faceoff
