#pragma once

#include <faceoff/error.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "faces/gallery.hpp"

namespace faceoff {

/// Who a face is to be taken for, as an experiment says it.
struct TargetConfig {
  enum class Choice { furthest, nearest, random, named, photos, gain };
  Choice choice = Choice::furthest;
  std::int64_t draw = 1;            ///< for random: which of the face's draws, no two of them the same person
  std::string name;                 ///< for named, and what photos are called
  std::vector<std::string> photos;  ///< for photos
  std::int64_t candidates = 10;     ///< for gain: how many people the face may be led to
  Place place;
};
/// What an experiment calls the choices, in their order.
extern const std::vector<std::string> target_choices;

/// What a face is to be taken for: a person by the photos that the attack may look at.
struct Target {
  std::string name;
  Embeddings attacked;
};

/// A picture whose faces get targets.
struct Targeted {
  std::string photo;                ///< its SHA-256
  std::string folder;               ///< folder_name()
  at::Tensor own;                   ///< [F,D] its faces' embeddings under the measure
  std::optional<double> same = {};  ///< from which cosine on the measure takes two photos for one person; or not known
};

/// Throws ConfigError with the place of a target that names nobody of these people.
void require_targets(const Gallery& gallery, const std::vector<TargetConfig>& configs);

/// Chooses whom each face may be taken for: one person, or with gain as many as there are candidates, drawn at random,
/// for the losses to choose between. `configs`: one for all faces, or one a face; `measure`: the embedder that
/// tells who is near; never somebody who has a photo in the same file, or the picture in their folder, and somebody
/// whom the face passes for already only where there is nobody else, or they are named. `photos`: a person for each of
/// the configs that is photos. Throws Error where nobody is left, or where there is a target a face and the faces are
/// more or fewer.
std::vector<std::vector<Target>> choose_targets(const std::vector<TargetConfig>& configs, const LoadedModel& measure,
                                                std::uint64_t seed, const Gallery& gallery,
                                                const std::map<std::string, Person>& photos, const Targeted& picture);

}  // namespace faceoff
