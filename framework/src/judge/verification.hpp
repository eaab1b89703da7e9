#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "judge/interval.hpp"

namespace faceoff {

/// What an embedder's cosine is worth on some people's faces.
struct Performance {
  std::int64_t people = 0, faces = 0;
  std::int64_t same = 0, different = 0;  ///< pairs
  Estimate accuracy;                     ///< mean of both kinds' share of right answers, at the best threshold
  double best_threshold = 0;
  Estimate auc;  ///< that a pair of the same person scores higher than one of different people
  struct AtRate {
    double threshold = 0;  ///< the lowest that lets no more than this share of different pairs pass
    Estimate tar;          ///< share of same pairs that pass it
  };
  std::map<double, AtRate> at_rate;  ///< by false accept rate; only where there are pairs enough to measure it
  std::vector<std::pair<double, double>> roc;  ///< false and true accept rate, rising
};

/// Measures with all pairs of faces: an entry a person, [K,D] of unit length. Pairs share faces and people, so the
/// intervals come from drawing people again (bootstrap, percentiles), with the same draws every time. Needs two people,
/// one of them with two faces; throws Error.
Performance verify_all_pairs(const std::vector<at::Tensor>& people, const std::vector<double>& rates);

}  // namespace faceoff
