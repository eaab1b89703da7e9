#pragma once

#include <cstdint>
#include <filesystem>
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
  /// Throws ConfigError where there is something that is no run, whole or half made.
  static void require_run(const std::filesystem::path& path);
  /// One that is there already; `results` is where this process writes its items' lines.
  explicit RunFolder(std::filesystem::path path, std::string results = "results.jsonl")
      : path_(std::move(path)), results_(std::move(results)) {}

  /// runs/<time>-<name>-<hash>, not there yet.
  static std::filesystem::path fresh(const std::string& name, const std::string& text);

  const std::filesystem::path& path() const { return path_; }

  void write(const std::string& name, const std::string& text) const;
  /// A line, in one write, on the disk when this returns.
  void append_result(const std::string& result) const;

  /// A picture's place, relative to the run: images/<variant>/<stem>.png.
  static std::filesystem::path picture_place(const std::string& variant, const std::string& stem, PictureFormat format);
  /// The files and folders that belong to a delivered picture, relative to the run: itself first. Throws FileError
  /// where it is not where a run delivers pictures.
  static std::vector<std::filesystem::path> places(const std::filesystem::path& output);
  /// Removes a delivered picture and what belongs to it.
  void remove_item(const std::filesystem::path& output) const;
  /// Removes what `faceoff evaluate` wrote; returns whether there was anything.
  bool remove_evaluation() const;

 private:
  std::filesystem::path path_;
  std::string results_;
};

/// Now, in UTC, as 2026-01-31T23:59:59Z.
std::string utc_now();

}  // namespace faceoff
