#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace faceoff {

/// Keeps other processes out of a run's folder while it lives; the system lets go of it with the process.
class FolderLock {
 public:
  /// Throws ConfigError where another process has the folder. Where the file system knows no locks, `notice`
  /// is told.
  FolderLock(const std::filesystem::path& folder, const std::function<void(const std::string&)>& notice);
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock();

 private:
  int file_ = -1;
};

}  // namespace faceoff
