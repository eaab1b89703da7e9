#pragma once

#include "attack/assembly.hpp"

namespace faceoff {

/// About how many seconds a variant's attack on one face takes on this machine: how often its optimizer asks for a
/// gradient and for a value, times how long the whole chain takes for either on a made-up picture of 640 by 480 pixels.
/// An attack that ends early takes less. Throws what a plugin throws that can't cope with such a picture.
double seconds_a_face(const Assembly& assembly);

}  // namespace faceoff
