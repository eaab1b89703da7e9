#pragma once

#include <faceoff/random.hpp>

#include <functional>
#include <string>
#include <vector>

#include "attack/assembly.hpp"
#include "attack/rows.hpp"

namespace faceoff {

/// Views of other people for rows, [R,P,3,H,W]: `rows` are of x.
using DrawPartners =
    std::function<at::Tensor(const std::vector<std::int64_t>& rows, std::int64_t each, Random& random)>;

/// The rows after an experiment's augmentations at this stage, each with its probability and draws. `purpose`: what the
/// random numbers are for. Throws PluginError that names the augmentation.
Rows augment(const std::vector<AugmentationStep>& steps, Stage at, Rows rows, const Random& random,
             const std::string& purpose, const DrawPartners& partners = {});

}  // namespace faceoff
