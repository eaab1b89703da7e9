#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "faces/face.hpp"
#include "plugins/loaded_model.hpp"

namespace faceoff {

/// How photos become embeddings: who finds their faces, and who embeds them.
struct Portraying {
  const LoadedModel* detector = nullptr;
  const LoadedModel* landmarks = nullptr;  ///< or null
  double minimum_score = .5;
  at::Device device = at::kCPU;
  std::vector<const LoadedModel*> models;
  std::filesystem::path cache;  ///< a folder with what was embedded before; empty: everything is embedded anew
};

/// A face of a photo with its embedding under each model, [1,D].
struct PortrayedFace {
  Box box;
  double score = 0;
  std::map<const LoadedModel*, at::Tensor> embeddings;
};

/// One photo's faces, left to right.
struct Portrait {
  std::string sha256;  ///< of the file
  std::vector<PortrayedFace> faces;

  /// The face that the detector is surest of; there has to be one.
  const PortrayedFace& best() const;
};

/// Finds and embeds a photo's faces, or takes them from the cache: they depend on the file's content and the models
/// alone, for one thread computes them. A cache that can't be written is none. Of a photo whose SHA-256 is known, the
/// file is read only where the cache lacks something. Throws as read_picture() does.
Portrait portray(const Portraying& by, const std::filesystem::path& photo, const std::string& sha256 = {});

/// Who is told a line of words, or of a photo.
using Notice = std::function<void(const std::string&)>;

/// What was found out about photos before they are asked for.
struct PortrayedAhead {
  bool portrayed = false;                               ///< whether the cache was filled
  std::map<std::filesystem::path, std::string> sha256;  ///< of those that were looked at
};

/// Fills the cache for many photos, one process a thread, each with photos of its own: twice as fast as two threads on
/// one photo. `told` hears of each photo; what fails is met again by portray().
PortrayedAhead portray_ahead(const Portraying& by, const std::vector<std::filesystem::path>& photos,
                             const Notice& told);

/// $FACEOFF_CACHE, which may be empty, else the user's cache folder: $XDG_CACHE_HOME/faceoff or ~/.cache/faceoff.
std::filesystem::path usual_cache();

}  // namespace faceoff
