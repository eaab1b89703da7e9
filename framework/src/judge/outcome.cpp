#include "judge/outcome.hpp"

namespace faceoff {

Outcome outcome(const std::string& person, const std::string& target, const std::optional<std::string>& clean,
                const std::optional<std::string>& delivered) {
  if (!target.empty() && delivered == target) return Outcome::target;
  if (clean != person) return Outcome::unusable;
  if (!delivered) return Outcome::no_face;
  return delivered == person ? Outcome::person : Outcome::somebody;
}

}  // namespace faceoff
