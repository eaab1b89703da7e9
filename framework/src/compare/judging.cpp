#include "compare/judging.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/numbers.hpp"
#include "base/one_line.hpp"

namespace faceoff {

Judging::Judging(const std::filesystem::path& run) {
  std::optional<Environment> found = read_environment(run);
  if (!found)
    throw FileError(one_line((run / "environment.json").string()) + ": it is missing, and says who judged the run");
  environment_ = std::move(*found);
}

std::string Judging::weights(const std::string& model) const {
  const Environment::Model* const found = environment_.model(model);
  return found != nullptr ? found->sha256 : "";
}

std::optional<Threshold> Judging::threshold(const Environment::Variant& variant, const std::string& model,
                                            const std::optional<double>& rate) const {
  if (!rate) {
    const auto own = std::ranges::find(variant.recognisers, model, &Environment::Recogniser::name);
    const bool known = own != variant.recognisers.end() && own->threshold;
    return known ? std::optional(Threshold{variant.false_accept_rate, *own->threshold}) : std::nullopt;
  }
  const Environment::Model* const found = environment_.model(model);
  if (found == nullptr || found->thresholds.empty()) return std::nullopt;
  std::string measured;
  for (const auto& [at, cosine] : found->thresholds) {
    if (std::abs(at - *rate) < 1e-9) return Threshold{at, cosine};
    measured += (measured.empty() ? "" : ", ") + shortest(at);
  }
  throw ConfigError("--false-accept-rate " + shortest(*rate) + ": of " + one_line(model) + " only the thresholds at " +
                    measured + " were measured");
}

}  // namespace faceoff
