// Random search with squares, from values alone: a try changes a square window of the best point, and is kept where the
// value is lower. The windows shrink as the search goes on, from a share p of the area that may change.
// - inf: it starts from vertical stripes of ±ε; a window is moved by ±2ε a channel, and projected.
// - two: it starts from tiles with a hill beside a valley each, of either sign; a window gets such a tile beside what
// it
//   had, with the length that another window, which is emptied, had; the whole is as long as ε again.
// Andriushchenko et al., "Square Attack: A Query-efficient Black-box Adversarial Attack via Random Search", ECCV 2020.
#include <faceoff/optimizer.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace {

using namespace faceoff;

/// The rectangle about all that may change of a row.
struct Area {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
};

std::vector<Area> areas_of(const at::Tensor& mask) {
  const auto extent = [](const at::Tensor& line) -> std::pair<std::int64_t, std::int64_t> {
    const at::Tensor places = at::nonzero(line).flatten().cpu();
    if (places.numel() == 0) return {0, 0};
    const auto first = places[0].item<std::int64_t>();
    return {first, places[-1].item<std::int64_t>() - first + 1};
  };
  std::vector<Area> areas;
  for (const at::Tensor& row : mask.unbind()) {
    const auto [top, height] = extent(row.amax({0, 2}));
    const auto [left, width] = extent(row.amax({0, 1}));
    areas.push_back({top, left, height, width});
  }
  return areas;
}

/// A square of this side in the area, where two numbers in [0,1) say: a view of [3,H,W].
at::Tensor window(const at::Tensor& plane, const Area& area, std::int64_t side, const at::Tensor& place) {
  const auto first = [&](std::int64_t length, std::int64_t i) {
    return static_cast<std::int64_t>(place[i].item<double>() * static_cast<double>(length - side + 1));
  };
  return plane.narrow(1, area.top + first(area.height, 0), side).narrow(2, area.left + first(area.width, 1), side);
}

at::Tensor over_its_length(const at::Tensor& planes) {
  return planes / planes.square().sum({-2, -1}, true).sqrt().clamp_min(1e-12);
}

/// Rectangles about the middle within one another, the innermost ones the highest; of length 1.
at::Tensor hill(std::int64_t height, std::int64_t width, const at::TensorOptions& options) {
  at::Tensor sum = at::zeros({height, width}, options);
  for (std::int64_t m = 0; m <= std::max(height / 2, width / 2); ++m) {
    const std::int64_t top = std::max<std::int64_t>(height / 2 - m, 0), left = std::max<std::int64_t>(width / 2 - m, 0);
    const std::int64_t bottom = std::min(height / 2 + m + 1, height), right = std::min(width / 2 + m + 1, width);
    if (bottom > top && right > left)
      sum.narrow(0, top, bottom - top).narrow(1, left, right - left) += 1. / static_cast<double>((m + 1) * (m + 1));
  }
  return over_its_length(sum);
}

/// A hill beside a valley, one above the other or, where the number is above .5, side by side. [side,side], of length 1
at::Tensor hill_and_valley(std::int64_t side, double turn, const at::TensorOptions& options) {
  const at::Tensor tile =
      over_its_length(at::cat({hill(side / 2, side, options), -hill(side - side / 2, side, options)}));
  return turn > .5 ? tile.t() : tile;
}

class Square : public Optimizer {
 public:
  static void describe(Schema<Square>& s) {
    s.name("square").summary("Score-only: random search that changes squares, ever smaller ones (Square Attack)");
    s.cites(
        "Andriushchenko et al., Square Attack: A Query-efficient Black-box Adversarial Attack via Random Search, ECCV "
        "2020");
    s.param("steps", &Square::steps_, "tries, which the schedule of the squares goes by").range(1, 1000000);
    s.param("area", &Square::area_, "the share of the area that the first squares have").range(0, 1);
    s.param("same_draw", &Square::same_draw_,
            "compare points under one draw of augmentations and models, for twice the queries; false: where nothing is "
            "random");
  }

  bool compares_values() const override { return true; }

  at::Tensor run(Objective& objective, const Budget& budget) override {
    const std::vector<Area> areas = areas_of(budget.mask);
    at::Tensor best =
        budget.norm == Norm::inf ? stripes(objective.random(), budget) : tiles(objective.random(), budget, areas);
    at::Tensor lowest = objective.value(best);
    for (const auto step : objective.steps(steps_)) {
      const at::Tensor tried = changed(best, share(step), objective.random(), budget, areas);
      const at::Tensor value = objective.value(tried);
      const at::Tensor better = value < (same_draw_ ? objective.value(best, Draw::again) : lowest);
      best = at::where(better.view({-1, 1, 1, 1}), tried, best);
      lowest = at::where(better, value, lowest);
    }
    return best;
  }

 private:
  /// The share of the area of this step's windows: halved at each of the paper's places of 10,000 tries.
  double share(std::int64_t step) const {
    constexpr std::array<std::int64_t, 9> places = {10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000};
    const std::int64_t now = step * 10000 / steps_;
    return area_ / std::pow(2, std::ranges::count_if(places, [&](std::int64_t place) { return now > place; }));
  }

  /// [3,H,W] with a point as far away as the budget has it.
  static at::Tensor at_the_border(const at::Tensor& difference, const Budget& budget) {
    const double length = budget.epsilon;
    return budget.project(budget.origin +
                          (budget.norm == Norm::inf ? difference : length * budget.direction(difference)));
  }

  static at::Tensor stripes(Random& random, const Budget& budget) {
    const at::Tensor signs = random.uniform(-1, 1, budget.origin.sizes().slice(1)).narrow(2, 0, 1).sign();
    return at_the_border(budget.epsilon * signs.expand_as(budget.origin), budget);
  }

  static at::Tensor tiles(Random& random, const Budget& budget, const std::vector<Area>& areas) {
    const auto side_in = [](const Area& area) {
      return std::max<std::int64_t>(std::min(area.height, area.width) / 5, 1);
    };
    std::int64_t most = 1;
    for (const Area& area : areas) most = std::max(most, (area.height / side_in(area)) * (area.width / side_in(area)));
    const at::Tensor turns_and_signs = random.uniform(-1, 1, {most, 4});  // [B,most,4]
    at::Tensor difference = at::zeros_like(budget.origin);
    for (std::size_t r = 0; r < areas.size(); ++r) {
      const Area& area = areas[r];
      const std::int64_t side = side_in(area), down = area.height / side, across = area.width / side;
      const auto row = static_cast<std::int64_t>(r);
      for (std::int64_t i = 0; i < down * across; ++i) {
        const at::Tensor numbers = turns_and_signs[row][i];
        const std::int64_t top = area.top + (area.height - down * side) / 2 + i / across * side,
                           left = area.left + (area.width - across * side) / 2 + i % across * side;
        const at::Tensor tile = hill_and_valley(side, numbers[0].item<double>(), budget.origin.options());
        difference[row].narrow(1, top, side).narrow(2, left, side) +=
            tile * numbers.narrow(0, 1, 3).sign().view({3, 1, 1});
      }
    }
    return at_the_border(difference, budget);
  }

  static at::Tensor changed(const at::Tensor& best, double share, Random& random, const Budget& budget,
                            const std::vector<Area>& areas) {
    const at::Tensor places = random.uniform(0, 1, {5}).cpu();                       // [B,5]
    const at::Tensor signs = random.uniform(-1, 1, {3}).sign().view({-1, 3, 1, 1});  // of each channel
    at::Tensor difference = best - budget.origin;
    for (std::size_t r = 0; r < areas.size(); ++r) {
      const auto row = static_cast<std::int64_t>(r);
      const Area& area = areas[r];
      if (area.height == 0) continue;
      auto side = std::lround(std::sqrt(share * static_cast<double>(area.height * area.width)));
      if (budget.norm == Norm::two) side = std::max(side - side % 2 + 1, 3L);  // odd, as the hills' middles are
      side = std::clamp<std::int64_t>(side, 1, std::min(area.height, area.width));
      const at::Tensor plane = difference[row], place = places[row];
      const at::Tensor here = window(plane, area, side, place.narrow(0, 0, 2));
      if (budget.norm == Norm::inf) {
        here.add_(2 * budget.epsilon * signs[row]);
      } else {
        const at::Tensor tile = hill_and_valley(side, place[4].item<double>(), plane.options()) * signs[row];
        move_length(plane, here, window(plane, area, side, place.narrow(0, 2, 2)), tile, budget.epsilon);
      }
    }
    return at_the_border(difference, budget);
  }

  /// Empties one window of the plane, and gives its length, and what the budget leaves, to a tile in another.
  static void move_length(const at::Tensor& plane, const at::Tensor& to, const at::Tensor& from, const at::Tensor& tile,
                          double epsilon) {
    const at::Tensor spare = (epsilon * epsilon - plane.square().sum()).clamp_min(0) / 3;
    const at::Tensor before = plane.square().sum(), shape = over_its_length(over_its_length(to) + tile);
    to.zero_(), from.zero_();
    to.copy_(shape * (spare + before - plane.square().sum()).clamp_min(0).sqrt());
  }

  std::int64_t steps_ = 1000;
  double area_ = .8;
  bool same_draw_ = true;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Square>();
}
