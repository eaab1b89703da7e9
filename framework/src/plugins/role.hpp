#pragma once

#include <string>
#include <vector>

#include "plugins/loaded_model.hpp"

namespace faceoff {

enum class Role { surrogate, related, held_out };
std::string to_string(Role role);

/// A model that is reported, and what its word is worth.
struct Judge {
  const LoadedModel* model = nullptr;
  Role role = Role::held_out;
};

/// What a judge's word is worth where these were attacked: a surrogate's own nothing, and that of a model with the same
/// weights or training little.
Role role_of(const LoadedModel& judge, const std::vector<const LoadedModel*>& attacked);

}  // namespace faceoff
