#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
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

/// Whom a recogniser knows while it looks at the picture with this SHA-256: of each person the judging photos, else any
/// others, and nobody by that picture itself.
std::vector<Known> line_up(const std::vector<const Person*>& people, const LoadedModel& model,
                           const std::string& photo);

/// Whose face it is, by its embedding [D] on this very photo: who has the photo and looks like it there; null where
/// nobody does.
const Person* owner_of(const std::vector<const Person*>& people, const LoadedModel& model, const std::string& photo,
                       const at::Tensor& clean);

/// Whose picture it is by the name of its folder, as in LFW's layout; null where nobody is called so.
const Person* owner_by_folder(const std::vector<const Person*>& people, const std::filesystem::path& picture);

/// Somebody in a line-up, or null.
const Known* find(const std::vector<Known>& lineup, const std::string& name);

/// Whom an embedding [D] is most like; the line-up has to have somebody.
Match best_match(const std::vector<Known>& lineup, const at::Tensor& embedding);

}  // namespace faceoff
