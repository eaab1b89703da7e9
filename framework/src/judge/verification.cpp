#include "judge/verification.hpp"

#include <faceoff/error.hpp>
#include <faceoff/random.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace faceoff {

namespace {

constexpr int draws = 200;

/// Two faces' cosine, and whose they are.
struct Pair {
  float cosine;
  std::uint32_t a, b;
};

struct Pairs {
  std::vector<Pair> same, different;  ///< highest cosine first
};

Pairs all_pairs(const std::vector<at::Tensor>& people) {
  Pairs pairs;
  for (std::size_t a = 0; a < people.size(); ++a) {
    for (std::size_t b = a; b < people.size(); ++b) {
      const at::Tensor cosines = at::matmul(people[a], people[b].t()).to(at::kFloat).contiguous();
      const auto cosine = cosines.accessor<float, 2>();
      for (std::int64_t i = 0; i < cosines.size(0); ++i) {
        for (std::int64_t j = a == b ? i + 1 : 0; j < cosines.size(1); ++j) {
          (a == b ? pairs.same : pairs.different)
              .push_back({cosine[i][j], static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b)});
        }
      }
    }
  }
  for (std::vector<Pair>* list : {&pairs.same, &pairs.different})
    std::ranges::sort(*list, std::greater<>{}, &Pair::cosine);
  return pairs;
}

/// How often each person is drawn; a pair counts as often as both of its people together.
using Weights = std::vector<double>;

double weight(const Weights& drawn, const Pair& pair) {
  return pair.a == pair.b ? drawn[pair.a] : drawn[pair.a] * drawn[pair.b];
}

double total(const Weights& drawn, const std::vector<Pair>& pairs) {
  double sum = 0;
  for (const Pair& pair : pairs) sum += weight(drawn, pair);
  return sum;
}

/// Walks down the cosines of both lists together: after each value, the shares of both that are at least as high.
template <class Visit>
void walk(const Pairs& pairs, const Weights& drawn, const Visit& visit) {
  const double same_total = total(drawn, pairs.same), different_total = total(drawn, pairs.different);
  std::size_t s = 0, d = 0;
  double same = 0, different = 0;
  while (s < pairs.same.size() || d < pairs.different.size()) {
    const float cosine = std::max(s < pairs.same.size() ? pairs.same[s].cosine : -2,
                                  d < pairs.different.size() ? pairs.different[d].cosine : -2);
    for (; s < pairs.same.size() && pairs.same[s].cosine == cosine; ++s) same += weight(drawn, pairs.same[s]);
    for (; d < pairs.different.size() && pairs.different[d].cosine == cosine; ++d)
      different += weight(drawn, pairs.different[d]);
    visit(cosine, same / same_total, different / different_total);
  }
}

struct Overall {
  double accuracy = 0, best_threshold = 0, auc = 0;
};

Overall overall(const Pairs& pairs, const Weights& drawn) {
  Overall result;
  double before_same = 0, before_different = 0;
  walk(pairs, drawn, [&](float cosine, double same, double different) {
    const double accuracy = (same + 1 - different) / 2;
    if (accuracy > result.accuracy) {
      result.accuracy = accuracy;
      result.best_threshold = cosine;
    }
    result.auc += (different - before_different) * (same + before_same) / 2;  // ties count half
    before_same = same;
    before_different = different;
  });
  return result;
}

/// The lowest threshold that lets no more than this share of different pairs pass: between the last cosine that may
/// pass and the next one below it. Nothing where not even one pair may.
std::optional<double> threshold_at(const Pairs& pairs, const Weights& drawn, double different_total, double rate) {
  const std::vector<Pair>& list = pairs.different;
  double passed = 0;
  std::optional<float> lowest;
  std::size_t i = 0;
  while (i < list.size()) {
    double tied = 0;
    std::size_t end = i;
    for (; end < list.size() && list[end].cosine == list[i].cosine; ++end) tied += weight(drawn, list[end]);
    if (passed + tied > rate * different_total * (1 + 1e-12)) {
      if (!lowest) return std::nullopt;
      return (static_cast<double>(*lowest) + list[i].cosine) / 2;
    }
    passed += tied;
    if (tied > 0) lowest = list[i].cosine;
    i = end;
  }
  return lowest;
}

double share_above(const std::vector<Pair>& pairs, const Weights& drawn, double threshold) {
  double above = 0;
  for (const Pair& pair : pairs) above += pair.cosine >= threshold ? weight(drawn, pair) : 0;
  return above / total(drawn, pairs);
}

Estimate estimate(double value, std::vector<double> drawn) {
  if (drawn.empty()) return {value, value, value};
  std::ranges::sort(drawn);
  const auto at = [&](double share) {
    return drawn[static_cast<std::size_t>(std::lround(share * static_cast<double>(drawn.size() - 1)))];
  };
  return {value, at(.025), at(.975)};
}

/// People drawn again with replacement, always the same way.
Weights draw_again(std::size_t people, std::uint64_t number) {
  Weights drawn(people, 0);
  for (std::size_t i = 0; i < people; ++i) drawn[mix(mix(hash("calibrate"), number), i) % people] += 1;
  return drawn;
}

}  // namespace

Performance verify_all_pairs(const std::vector<at::Tensor>& people, const std::vector<double>& rates) {
  const Pairs pairs = all_pairs(people);
  if (pairs.same.empty()) throw ConfigError("nobody has two faces, so nothing can be said of the same person");
  if (pairs.different.empty())
    throw ConfigError("there is one person alone, so nothing can be said of different people");
  Performance performance;
  performance.people = static_cast<std::int64_t>(people.size());
  for (const at::Tensor& faces : people) performance.faces += faces.size(0);
  performance.same = static_cast<std::int64_t>(pairs.same.size());
  performance.different = static_cast<std::int64_t>(pairs.different.size());

  const Weights once(people.size(), 1);
  const Overall all = overall(pairs, once);
  performance.best_threshold = all.best_threshold;
  const auto different = static_cast<double>(pairs.different.size());
  for (const double rate : rates) {
    if (const auto threshold = threshold_at(pairs, once, different, rate))
      performance.at_rate[rate] = {*threshold, {share_above(pairs.same, once, *threshold), 0, 0}};
  }
  constexpr std::size_t points = 200;
  const std::size_t every = std::max<std::size_t>(1, (pairs.same.size() + pairs.different.size()) / points);
  std::size_t visited = 0;
  double last_rate = -1;
  walk(pairs, once, [&](float, double same, double false_rate) {
    // Evenly in the logarithm, which is how it is drawn.
    if (visited++ % every == 0 || false_rate > last_rate * 1.1) performance.roc.emplace_back(false_rate, same);
    if (performance.roc.back().first == false_rate) last_rate = false_rate;
  });
  if (performance.roc.back() != std::pair(1., 1.)) performance.roc.emplace_back(1, 1);

  std::vector<double> accuracy, auc;
  std::map<double, std::vector<double>> tar;
  for (int n = 0; n < draws; ++n) {
    const Weights drawn = draw_again(people.size(), static_cast<std::uint64_t>(n));
    const double drawn_different = total(drawn, pairs.different);
    if (drawn_different == 0 || total(drawn, pairs.same) == 0) continue;
    const Overall again = overall(pairs, drawn);
    accuracy.push_back(again.accuracy);
    auc.push_back(again.auc);
    for (const auto& [rate, at] : performance.at_rate) {
      if (const auto threshold = threshold_at(pairs, drawn, drawn_different, rate))
        tar[rate].push_back(share_above(pairs.same, drawn, *threshold));
    }
  }
  performance.accuracy = estimate(all.accuracy, accuracy);
  performance.auc = estimate(all.auc, auc);
  for (auto& [rate, at] : performance.at_rate) at.tar = estimate(at.tar.value, tar[rate]);
  return performance;
}

}  // namespace faceoff
