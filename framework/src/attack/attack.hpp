#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "attack/assembly.hpp"
#include "attack/objective.hpp"
#include "attack/subject.hpp"
#include "attack/trace.hpp"

namespace faceoff {

struct Picture;

/// What an attack made of one picture of its batch.
struct AttackResult {
  at::Tensor pixels;  ///< [1,3,H,W] uint8, within the budget
  Trace trace;
  std::int64_t queries = 0;  ///< how often one of its subjects went through the models
  /// Of each face with several targets, which of them it is nearest to under the attacked models, on these pixels.
  std::vector<std::size_t> nearest_target;
};

/// Attacks the pictures of a batch at once, a result each. Throws what a plugin throws, and PluginError where the
/// optimizer leaves the budget.
std::vector<AttackResult> attack(const Assembly& assembly, std::span<const AttackInput> pictures,
                                 const ObjectiveOptions& options);

/// Reads a picture that a variant is to attack. Throws as read_picture() does, and PictureError, before anything is
/// decoded, where attacking it would take more memory than there is.
Picture read_to_attack(const Assembly& assembly, const std::filesystem::path& file, const std::filesystem::path& name);

/// Whether there is memory for attacking pictures of so many pixels at once, as far as that is known beforehand: an
/// optimizer or augmentation that makes many copies takes more.
bool fits_into_memory(const Assembly& assembly, std::int64_t pixels);

/// About how many seconds a variant's attack on a picture takes on this machine, where so many such pictures are
/// attacked together: how often its optimizer asks for a gradient and for a value, times how long the whole chain takes
/// for either, with the faces that the detector finds, or with one in the middle where it finds none. An attack that
/// ends early takes less. Throws what a plugin throws that can't cope with such a picture.
double seconds_of_attack(const Assembly& assembly, const Picture& picture, std::size_t together);

}  // namespace faceoff
