#pragma once

#include <faceoff/random.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "faces/gallery.hpp"
#include "faces/portrait.hpp"

namespace faceoff {

/// Views of other people's photos, for augmentations that mix them into a picture: of at most 100 photos that an attack
/// may look at, drawn with the seed. Each is read when it is first asked for, and its view kept.
class PartnerPhotos {
 public:
  /// `by`: who finds the faces. Throws ConfigError where people come from a gallery's file, which has no photos.
  PartnerPhotos(const Gallery& people, const Portraying& by, std::uint64_t seed);

  /// A picture that partners are wanted for: none of them is the same file, shows somebody who is on it, or is of the
  /// person in whose folder it lies.
  struct Attacked {
    std::string photo;   ///< its SHA-256
    std::string folder;  ///< folder_name()
  };

  /// So many views as the model sees them for each of the pictures, [R,each,3,H,W]. Throws Error where nobody is left.
  at::Tensor draw(const LoadedModel& model, std::span<const Attacked> pictures, std::int64_t each, Random& random);

 private:
  struct Photo {
    std::filesystem::path file;
    std::vector<std::string> people;  ///< who is on it
    std::vector<std::string> photos;  ///< the SHA-256 of each photo of theirs
  };

  /// The photo's surest face as the model sees it, [3,H,W]; undefined where there is no such view.
  at::Tensor view(const LoadedModel& model, std::size_t photo);

  Portraying by_;
  std::vector<Photo> photos_;
  std::map<std::pair<const LoadedModel*, std::size_t>, at::Tensor> views_;
};

}  // namespace faceoff
