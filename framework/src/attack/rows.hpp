#pragma once

#include <faceoff/images.hpp>
#include <faceoff/random.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "attack/assembly.hpp"

namespace faceoff {

/// Images of one size on their way from subjects to a model, with the row of x and the reference row that each belongs
/// to.
struct Rows {
  Images images;
  std::vector<std::int64_t> subject;    ///< row of x
  std::vector<std::int64_t> reference;  ///< row of the model's references, once there is a model
  std::string unmapped_by = {};         ///< the augmentation that was no affine map, where the images have none

  std::int64_t count() const { return static_cast<std::int64_t>(subject.size()); }
};

/// Some of the rows, from `begin` on.
Rows part_of(const Rows& rows, std::int64_t begin, std::int64_t count);

/// The rows of those rows of x that are wanted.
Rows rows_where(const Rows& rows, const std::vector<bool>& wanted);

/// 0, 1, … n − 1
std::vector<std::int64_t> counting(std::int64_t n);

/// Each entry k times, copies adjacent.
std::vector<std::int64_t> repeated(const std::vector<std::int64_t>& from, std::int64_t k);

/// As an index on a device, int64.
at::Tensor as_index(const std::vector<std::int64_t>& rows, const at::Device& device);

/// Views of other people for rows, [R,P,3,H,W]: `rows` are of x.
using DrawPartners =
    std::function<at::Tensor(const std::vector<std::int64_t>& rows, std::int64_t each, Random& random)>;

/// The rows after an experiment's augmentations at this stage, each with its probability and draws. `purpose`: what the
/// random numbers are for. Throws PluginError that names the augmentation.
Rows augment(const std::vector<AugmentationStep>& steps, Stage at, Rows rows, const Random& random,
             const std::string& purpose, const DrawPartners& partners = {});

}  // namespace faceoff
