#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "run/environment.hpp"

namespace faceoff {

/// A cosine from which on two faces pass for one person's, and how often two people's do.
struct Threshold {
  double false_accept_rate = 0, cosine = 0;
};

/// What a run's environment.json says of how its variants were judged.
class Judging {
 public:
  /// Throws FileError where the file is missing or damaged.
  explicit Judging(const std::filesystem::path& run);

  /// Null where there is none of that name.
  const Environment::Variant* variant(const std::string& name) const { return environment_.variant(name); }
  /// The SHA-256 of a model's weights; empty where it is not known.
  std::string weights(const std::string& model) const;
  /// Whether the variants give one name to several models, so that it can't be told which one is meant.
  bool is_several(const std::string& model) const { return environment_.model(model + "#2") != nullptr; }
  /// A recogniser's threshold at this rate, or at the variant's own; nothing where it has none. Throws ConfigError
  /// where it has some and not this one.
  std::optional<Threshold> threshold(const Environment::Variant& variant, const std::string& model,
                                     const std::optional<double>& rate) const;

 private:
  Environment environment_;
};

}  // namespace faceoff
