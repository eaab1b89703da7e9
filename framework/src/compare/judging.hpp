#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace faceoff {

/// A cosine from which on two faces pass for one person's, and how often two people's do.
struct Threshold {
  double false_accept_rate = 0, cosine = 0;
};

/// What a run's environment.json says of how its variants were judged.
class Judging {
 public:
  struct Variant {
    double minimum_score = 0;  ///< of a face
    double false_accept_rate = 0;
    std::map<std::string, double> thresholds;                  ///< of its recognisers, at that rate
    std::vector<std::pair<std::string, std::string>> choices;  ///< swept keys and their values' labels
  };

  /// Throws FileError where the file is missing or damaged.
  explicit Judging(const std::filesystem::path& run);

  /// Null where there is none of that name.
  const Variant* variant(const std::string& name) const;
  /// The SHA-256 of a model's weights; empty where it is not known.
  std::string weights(const std::string& model) const;
  /// Whether the variants give one name to several models, so that it can't be told which one is meant.
  bool is_several(const std::string& model) const { return several_.contains(model); }
  /// A recogniser's threshold at this rate, or at the variant's own; nothing where it has none. Throws ConfigError
  /// where it has some and not this one.
  std::optional<Threshold> threshold(const Variant& variant, const std::string& model,
                                     const std::optional<double>& rate) const;

 private:
  struct Model {
    std::string sha256;
    std::vector<Threshold> thresholds;
  };

  std::map<std::string, Variant> variants_;
  std::map<std::string, Model> models_;
  std::set<std::string> several_;
};

}  // namespace faceoff
