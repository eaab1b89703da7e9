#pragma once

#include <faceoff/random.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "attack/assembly.hpp"
#include "experiment/experiment.hpp"
#include "faces/face.hpp"
#include "faces/targets.hpp"
#include "faces/views.hpp"
#include "picture/header.hpp"

namespace faceoff {

/// Whether all that a variant's attack looks at of a picture are views of its faces.
bool only_faces_are_seen(const Assembly& assembly);

/// A picture that is to be attacked.
struct AttackInput {
  at::Tensor clean;         ///< [1,3,H,W] RGB in [0,255], uint8 where it is a photo
  std::vector<Face> faces;  ///< one at least
  /// Of each face, whom it may be taken for; no list at all where there is no target.
  std::vector<std::vector<Target>> targets = {};
  /// Of each face, other photos of its person under each attacked embedder, or none; no list at all where the face
  /// alone stands for the person.
  std::vector<Embeddings> own = {};
  bool grey = false;      ///< the three channels have to stay equal
  std::uint64_t key = 0;  ///< stands for what it shows: random numbers depend on it
};

/// A row of what one attack optimises.
struct Subject {
  std::size_t picture = 0;
  std::vector<std::int64_t> faces;  ///< places in the picture's list
  std::uint64_t key = 0;            ///< what its random numbers depend on
  std::int64_t height = 0, width = 0;
  bool grey = false;
  std::int64_t top = 0, left = 0;  ///< where it begins on its picture

  /// What of its picture it is; not for a crop.
  Part part() const { return {top, left, top + height, left + width}; }
};

/// What one attack optimises, of a batch of pictures: of each picture the part that may change, or the crop of each
/// face. Where nothing but views of faces is looked at, that part has all that they are made of, and augmentations at
/// the picture see it in place of the picture; else they and the models are shown the whole picture with the part on
/// it. Parts of several sizes are padded right and below to the largest.
struct Subjects {
  SubjectKind kind = SubjectKind::picture;
  bool pasted = false;        ///< whether whole pictures are shown, with the parts on them
  at::Tensor pixels;          ///< [B,3,H,W] RGB in [0,255]
  at::Tensor mask;            ///< [B,1,H,W] what may change: 0 where it pads
  at::Tensor map;             ///< [B,2,3] float64, from the picture's pixels to those of what is shown
  std::vector<Subject> rows;  ///< those of a picture adjacent, in the pictures' order

  std::int64_t count() const { return static_cast<std::int64_t>(rows.size()); }
  /// The most faces that a subject has.
  std::int64_t most_faces() const;
};

/// The subjects of pictures as an experiment has them; a crop is the first attacked model's view.
Subjects make_subjects(const Assembly& assembly, std::span<const AttackInput> pictures);

/// How large what is shown of each subject is.
std::vector<Extent> shown_extents(const Subjects& subjects, std::span<const AttackInput> pictures);

/// What is shown of a subject's rows [k,3,H,W], differentiable.
at::Tensor shown(const Subjects& subjects, std::size_t subject, const at::Tensor& rows,
                 std::span<const AttackInput> pictures);

/// A picture's optimised subjects back on it, as integers within the budget: rounded, then clamped to
/// [ceil(x−ε), floor(x+ε)]; for the 2-norm, no longer than it was. A crop's difference is enlarged by nearest and
/// added; where crops overlap the nearer face's counts. [1,3,H,W] uint8
at::Tensor paste(const Subjects& subjects, const at::Tensor& optimised, std::span<const AttackInput> pictures,
                 std::size_t picture, double epsilon, Norm norm);

}  // namespace faceoff
