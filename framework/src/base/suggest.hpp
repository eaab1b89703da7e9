#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace faceoff {

/// How many letters have to be put in, left out, changed or swapped with their neighbour to make b of a.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// "; did you mean 'steps'?", to be added to a message about an unknown word; empty where no candidate is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace faceoff
