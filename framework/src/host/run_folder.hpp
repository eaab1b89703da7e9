#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "picture/picture.hpp"

namespace faceoff {

/// A folder with everything that an experiment produced.
class RunFolder {
 public:
  /// Throws ConfigError where there is something already, other than an empty folder.
  static void require_free(const std::filesystem::path& path);
  /// Makes the folder, which has to be free. Throws FileError where it can't be made.
  static RunFolder make(const std::filesystem::path& path);
  /// One that is there already.
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}

  /// runs/<time>-<name>-<hash>, not there yet.
  static std::filesystem::path fresh(const std::string& name, const std::string& text);

  const std::filesystem::path& path() const { return path_; }

  void write(const std::string& name, const std::string& text) const;
  /// A line, in one write, on the disk when this returns.
  void append_result(const std::string& result) const;
  /// How many items have their line; one that was not written whole is dropped.
  std::int64_t count_results() const;
  /// Makes images/<variant>/ and names the picture's place in it, relative to the run.
  std::filesystem::path picture_place(const std::string& variant, const std::string& stem, PictureFormat format) const;

 private:
  std::filesystem::path path_;
};

/// A name each for the delivered pictures: the stem, and where two pictures share it or it is very long, its beginning
/// and a hash of the path.
std::map<std::filesystem::path, std::string> delivered_stems(const std::vector<std::filesystem::path>& pictures);

/// Now, in UTC, as 2026-01-31T23:59:59Z.
std::string utc_now();

}  // namespace faceoff
