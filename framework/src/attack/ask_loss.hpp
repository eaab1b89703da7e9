#pragma once

#include <faceoff/output.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "attack/assembly.hpp"
#include "attack/rows.hpp"
#include "attack/subject.hpp"

namespace faceoff {

/// A loss's values [n] of rows with these pixels [n,3,H,W]. Throws PluginError where they are not what they should be.
at::Tensor ask_loss(const LossTerm& term, const Output& adversarial, const Reference& reference,
                    const at::Tensor& pixels);

/// The losses on pixels alone, weighted and added up, [k·B]: of the subjects' own pixels that x has become, before any
/// augmentation, beside the clean ones. Undefined where there are none. `copies`: how many rows of x a subject has.
at::Tensor ask_losses_on_pixels(const Assembly& assembly, const Subjects& subjects, const std::vector<Rows>& pictures,
                                std::int64_t copies);

}  // namespace faceoff
