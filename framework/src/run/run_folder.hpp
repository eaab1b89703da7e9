#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "attack/trace.hpp"
#include "picture/picture.hpp"

namespace faceoff {

/// A folder with everything that an experiment produced.
class RunFolder {
 public:
  /// Throws ConfigError where there is something already, other than an empty folder.
  static void require_free(const std::filesystem::path& path);
  /// Makes the folder, which has to be free. Throws FileError where it can't be made.
  static void make(const std::filesystem::path& path);
  /// Throws ConfigError where there is something that is no run, whole or half made.
  static void require_run(const std::filesystem::path& path);
  /// One that is there already; `results` is where this process writes its items' lines.
  explicit RunFolder(std::filesystem::path path, std::string results = "results.jsonl")
      : path_(std::move(path)), results_(std::move(results)) {}

  /// runs/<time>-<name>-<hash>, not there yet.
  static std::filesystem::path fresh(const std::string& name, const std::string& text);

  const std::filesystem::path& path() const { return path_; }

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

// What is kept of an item's steps, beside its picture images/<variant>/<stem>.png, which `output` names. All paths are
// relative to the run.

/// traces/<variant>/<stem>.csv
std::filesystem::path trace_place(const std::filesystem::path& output);
/// tensorboard/<variant>/<stem>
std::filesystem::path tensorboard_place(const std::filesystem::path& output);

void write_trace(const std::filesystem::path& run, const std::filesystem::path& output, const Trace& trace);

/// The bytes of a file for TensorBoard: the steps, and the picture as given and as delivered, at this time (seconds).
using Events = std::function<std::string(const Trace& trace, const Picture& before, const Picture& after, double time)>;
void write_tensorboard(const Events& events, const std::filesystem::path& run, const std::filesystem::path& output,
                       const std::filesystem::path& picture, const Trace& trace);

/// Both, where they are there: what an earlier attempt at the item left.
void remove_traces(const std::filesystem::path& run, const std::filesystem::path& output);

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
