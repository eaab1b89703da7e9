#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "run/item_line.hpp"
#include "run/run_folder.hpp"

namespace faceoff {

/// That a photo was attacked: a line of .faceoff/done.jsonl in the folder that it was delivered to. Paths are relative
/// to that folder, so that it may be moved, with the photos beside it.
struct DoneLine {
  std::string photo, photo_sha256;
  std::string key, words;             ///< of the preset that it was done by
  std::string status;                 ///< to_string(Status), but never of what failed: that is tried again
  std::string output, output_sha256;  ///< empty where nothing was delivered
  std::string run;                    ///< whose results have more
  std::int64_t item = 0;
};

/// What was done before in a folder, and the runs that did it.
class DoneList {
 public:
  /// Reads it; there need be none. Throws FileError where it is not as this program writes it.
  explicit DoneList(std::filesystem::path root);

  /// The last that is known of a photo; null where nothing is.
  const DoneLine* find(const std::filesystem::path& photo) const;
  /// The last that was delivered there; likewise.
  const DoneLine* find_output(const std::filesystem::path& output) const;

  /// The last of each photo, in the order in which they were done.
  std::vector<const DoneLine*> last() const;

  /// Makes the folder of what is done, and keeps other processes out of it from now on. Throws FileError where it can't
  /// be made, ConfigError where another process is at work.
  void open();
  void add(const DoneLine& line);

  /// A path as lines have it, and back.
  std::string relative(const std::filesystem::path& path) const;
  std::filesystem::path absolute(const std::string& path) const;
  /// Where its runs are.
  std::filesystem::path folder() const { return root_ / ".faceoff"; }

 private:
  std::filesystem::path root_;
  std::string read_;   ///< all that was in the file
  std::string text_;   ///< of all whole lines
  bool torn_ = false;  ///< the last one is not whole: its process was ended
  std::vector<DoneLine> lines_;
  std::shared_ptr<FolderLock> lock_;
};

}  // namespace faceoff
