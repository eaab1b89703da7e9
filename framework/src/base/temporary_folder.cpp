#include "base/temporary_folder.hpp"

#include <faceoff/error.hpp>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string>
#include <system_error>

#include "base/one_line.hpp"

namespace faceoff {

namespace fs = std::filesystem;

TemporaryFolder::TemporaryFolder(const fs::path& in) {
  std::string pattern = (in / ".faceoff-new-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    const int reason = errno;
    throw FileError(one_line(in.string(), PATH_MAX) +
                    ": cannot be written into: " + std::generic_category().message(reason));
  }
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace faceoff
