#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "faces/gallery.hpp"

namespace faceoff {

/// Who a recogniser takes a face for.
struct Match {
  std::string name;
  double similarity = 0;  ///< the greatest cosine with any of their photos
};

/// Somebody whom a recogniser chooses between, and by which photos it knows them: [K,D], K > 0.
struct Known {
  std::string name;
  at::Tensor photos;
  bool disjoint = true;  ///< whether no attack looks at these photos
};

/// Whom a recogniser knows while it looks at a picture: of each person the judging photos, else any others, and nobody
/// by that picture itself. The people have to outlive it.
class LineUp {
 public:
  /// `photo`: the picture's SHA-256.
  LineUp(const Gallery& people, const LoadedModel& model, const std::string& photo);

  /// Whether there is nobody to choose between.
  bool empty() const;
  /// Somebody, or nothing where the recogniser does not know them.
  std::optional<Known> find(const std::string& name) const;
  /// Whom an embedding [D] is most like; there has to be somebody.
  Match best_match(const at::Tensor& embedding) const;
  /// One more, who is no part of the people.
  void add(Known known) { added_.push_back(std::move(known)); }

 private:
  const Gallery* people_;
  at::Tensor embeddings_;    // [rows,D], all of the people's
  std::vector<bool> shown_;  // which of the rows the recogniser knows
  std::vector<Known> added_;
};

/// Whose face it is, by its embedding [D] on this very photo: who has the photo and looks like it there; null where
/// nobody does.
const Person* owner_of(const Gallery& people, const LoadedModel& model, const std::string& photo,
                       const at::Tensor& clean);

/// Whose picture it is by the name of its folder, as in LFW's layout; null where nobody is called so.
const Person* owner_by_folder(const Gallery& people, const std::filesystem::path& picture);

}  // namespace faceoff
