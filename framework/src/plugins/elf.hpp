#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace faceoff {

/// A shared library as a file: opened and read, never mapped, so that a broken one can do no harm. What is wrong with
/// it is thrown as a PluginError that tells of "it": "it is empty".
class LibraryFile {
 public:
  /// Reads the file, if it is a regular one; waits for nothing (a FIFO, say).
  explicit LibraryFile(const std::filesystem::path& path);

  /// The same for every name and link of one file.
  struct Identity {
    dev_t device;
    ino_t inode;
    auto operator<=>(const Identity&) const = default;
  };
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
