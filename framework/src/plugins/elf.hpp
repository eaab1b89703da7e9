#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace faceoff {

/// A shared library as a file: opened and read, never mapped, so that a broken one can do no harm. What is wrong with
/// it is thrown as a PluginError that tells of "it": "it is empty".
class LibraryFile {
 public:
  /// Reads the file, if it is a regular one; waits for nothing (a FIFO, say).
  explicit LibraryFile(const std::filesystem::path& path);

  /// Device and inode: the same for every name and link of one file.
  using Identity = std::pair<dev_t, ino_t>;
  Identity identity() const { return identity_; }

  /// Checks that this is a whole shared library for this machine: the loader maps a file as it stands, and a part that
  /// is missing kills the process (SIGBUS) as soon as it is touched. Returns the named section's bytes, or nothing
  /// where there is no such section.
  std::optional<std::string> section(std::string_view name) const;

 private:
  std::string bytes_;
  Identity identity_{};
};

}  // namespace faceoff
