#pragma once

#include <filesystem>

namespace faceoff {

/// A folder in another one, under a name that nobody else takes, that is removed with all in it: what is to be there
/// whole or not at all is made in it, and renamed.
class TemporaryFolder {
 public:
  /// Throws FileError where it can't be made.
  explicit TemporaryFolder(const std::filesystem::path& in);
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace faceoff
