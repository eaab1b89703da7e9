#pragma once

#include <filesystem>

namespace faceoff {

/// Keeps other processes out of a run's folder while it lives; the system lets go of it with the process.
class FolderLock {
 public:
  /// Throws ConfigError where another process has the folder. Where the file system knows no locks, that is said.
  explicit FolderLock(const std::filesystem::path& folder);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  int file_ = -1;
};

}  // namespace faceoff
