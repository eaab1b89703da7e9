#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "judge/detection.hpp"
#include "judge/evaluation_line.hpp"
#include "judge/interval.hpp"

namespace faceoff {

/// How often something held, of the clean pictures and of the delivered ones.
struct Counts {
  std::int64_t n = 0;
  std::array<std::int64_t, 2> held = {0, 0};

  void add(const BeforeAfter<bool>& holds);
  Estimate share(std::size_t which) const { return wilson(held.at(which), n); }
};

/// How often, by the false accept rate's name.
using RateCounts = std::map<std::string, Counts>;

/// What one recogniser made of all faces of a variant.
struct RecogniserTally {
  std::string name, role;
  std::int64_t faces = 0;
  bool calibrated = false;  ///< whether it has thresholds
  std::int64_t reused = 0;  ///< faces whose target is judged by a photo that was attacked, there being no other
  std::int64_t unknown_targets = 0;  ///< faces of whose target there is no other photo among the people
  std::map<char, std::int64_t> outcomes;
  Counts not_the_person;  ///< "protected": not taken for the person
  Counts is_the_target;   ///< rank-1 impersonation
  Counts not_found;       ///< faces that it was not shown, since nobody found them: among the protected and the dodged
  RateCounts impersonated, dodged, identified;

  /// How many faces came out so; nothing where there were no people to choose between.
  std::optional<std::int64_t> count(char outcome) const;
};

/// What to know before one believes the rates of impersonation, in words: a line each.
std::vector<std::string> cautions(const RecogniserTally& recogniser);

/// What one detector saw on all pictures of a variant.
struct DetectorTally {
  std::string name, role;
  std::int64_t pictures = 0;
  Counts found;  ///< true faces
  std::array<std::vector<double>, 2> false_areas;
  std::array<std::vector<Detection::Hit>, 2> boxes;

  /// Mean share of the picture of a false box; 0 where there is none.
  double false_area(std::size_t which) const;
};

/// A variant's pictures after one degradation.
struct Tally {
  std::string variant, after;
  std::int64_t pictures = 0, differing = 0;
  double psnr = 0, ssim = 0, changed = 0;  ///< sums; psnr over those that differ
  std::vector<RecogniserTally> recognisers;
  std::vector<DetectorTally> detectors;

  double mean_psnr() const { return psnr / static_cast<double>(differing); }
};

/// Adds up lines of evaluation.jsonl, in the order of their first variants and degradations.
std::vector<Tally> tally(const std::vector<EvaluationLine>& lines);

/// For programs, with intervals; and as tables of words.
void to_json(Json& json, const Tally& tally);
std::string to_words(const std::vector<Tally>& tallies);

}  // namespace faceoff
