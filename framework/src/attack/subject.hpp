#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "attack/assembly.hpp"
#include "faces/face.hpp"

namespace faceoff {

/// A batch of tensors that one attack optimises, all of one picture: the picture itself, or the crop of each face.
struct Subjects {
  SubjectKind kind = SubjectKind::picture;
  at::Tensor pixels;                             ///< [B,3,H,W] RGB in [0,255]
  at::Tensor mask;                               ///< [B,1,H,W] what may change
  at::Tensor map;                                ///< [B,2,3] float64, from the picture's pixels to the subject's
  std::vector<std::vector<std::int64_t>> faces;  ///< a subject's faces, as places in the picture's list
  std::vector<std::uint64_t> keys;               ///< what a subject's random numbers depend on
  bool grey = false;                             ///< the three channels have to stay equal
};

/// picture [1,3,H,W]. `key` stands for the picture's content.
Subjects make_subjects(const Assembly& assembly, const at::Tensor& picture, const std::vector<Face>& faces, bool grey,
                       std::uint64_t key);

/// The subjects' optimised pixels back on the picture, as integers within the budget: rounded, then clamped to
/// [ceil(x−ε), floor(x+ε)]; for the 2-norm, no longer than it was. A crop's difference is enlarged by nearest and
/// added; where crops overlap the nearer face's counts. [1,3,H,W] uint8
at::Tensor paste(const Subjects& subjects, const at::Tensor& optimised, const at::Tensor& picture,
                 const std::vector<Face>& faces, double epsilon, Norm norm);

}  // namespace faceoff
