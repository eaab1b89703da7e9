#pragma once

#include <faceoff/plugin.hpp>

#include "plugins/loaded_model.hpp"

namespace faceoff {

/// Holds a model to the reference that its weights carry, if they do: what scripts/export saw come out of the network,
/// "reference/embedding" and the like, for "reference/images" [1,3,H,W], has to come out here. Throws FileError.
void check_exported_answers(const LoadedModel& model, const Setup& setup);

}  // namespace faceoff
