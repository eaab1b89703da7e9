#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "protect/done_list.hpp"
#include "protect/photos.hpp"
#include "protect/preset.hpp"
#include "run/item.hpp"
#include "run/run_items.hpp"
#include "run/verdict.hpp"

namespace faceoff {

/// What became of a photo. `blocked`: something is where it would be delivered, and nothing is overwritten.
enum class Fate { delivered, no_face, unchanged, failed, blocked };
std::string to_string(Fate fate);

struct PhotoOutcome {
  const Photo* photo = nullptr;
  Fate fate = Fate::failed;
  bool earlier = false;               ///< it was so before this call, which then had nothing to do
  std::string why = {};               ///< of what failed or is blocked
  std::string output = {};            ///< what was delivered before, which may have another name than it would get now
  std::optional<ItemLine> line = {};  ///< of what was attacked now
  PictureVerdict verdict = {};
  std::int64_t bytes_before = 0;        ///< of the photo's file
  std::int64_t recognised_by_jpeg = 0;  ///< so many faces more are recognised than before it was encoded as a JPEG

  /// As who named the photo would call it.
  const std::string& output_name() const { return output.empty() ? photo->output_name : output; }
};

/// A call of `faceoff protect`: which photos are left to do, as runs of an experiment, and how what these make comes
/// to its place. It has to be the only one at work in the folders that it delivers to.
class Protection {
 public:
  /// Reads what was done before. Nothing is written yet.
  Protection(Preset preset, Photos photos);
  Protection(const Protection&) = delete;
  Protection& operator=(const Protection&) = delete;

  const Photos& photos() const { return photos_; }
  /// What is known before anything is done.
  const std::vector<PhotoOutcome>& known() const { return known_; }
  std::size_t left() const { return left_.size(); }

  /// The runs that do what is left: photos that are delivered in one format, as many as an experiment can name. Their
  /// folders are in that of the first photo.
  std::vector<RunRequest> runs(const std::vector<std::string>& plugin_paths) const;
  /// Makes a run's folders ready to be delivered to, before it.
  void begin(const RunRequest& run);
  /// Brings an item to its place, and writes down that it is done. Throws FileError where the disk does not let it.
  PhotoOutcome deliver(const RunRequest& run, const Item& item, const ItemReport& report);

 private:
  DoneList& list_of(const Photo& photo);
  /// What is known of a photo before it is attacked; nothing where it is to be.
  std::optional<PhotoOutcome> known_of(const Photo& photo);
  /// What keeps a photo from its place.
  std::string why_blocked(const Photo& photo, const std::string& sha256);

  Preset preset_;
  Photos photos_;
  std::map<std::filesystem::path, DoneList> lists_;  ///< by root
  std::vector<PhotoOutcome> known_;
  std::vector<const Photo*> left_;
  std::unordered_map<std::string, const Photo*> by_file_;  ///< the same
};

}  // namespace faceoff
