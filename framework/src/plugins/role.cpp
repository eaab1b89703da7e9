#include "plugins/role.hpp"

#include <algorithm>

namespace faceoff {

namespace {

/// Whether what fools one says little of the other: the same weights, or weights of one family.
bool share_training(const LoadedModel& a, const LoadedModel& b) {
  return (!a.sha256.empty() && a.sha256 == b.sha256) || (!a.family.empty() && a.family == b.family);
}

}  // namespace

std::string to_string(Role role) {
  switch (role) {
    case Role::surrogate:
      return "surrogate";
    case Role::related:
      return "related";
    case Role::held_out:
      return "held_out";
  }
  return "";
}

Role role_of(const LoadedModel& judge, const std::vector<const LoadedModel*>& attacked) {
  if (std::ranges::find(attacked, &judge) != attacked.end()) return Role::surrogate;
  const bool related =
      std::ranges::any_of(attacked, [&](const LoadedModel* one) { return share_training(*one, judge); });
  return related ? Role::related : Role::held_out;
}

}  // namespace faceoff
