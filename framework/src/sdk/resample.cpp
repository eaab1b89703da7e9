#include <faceoff/resample.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>
#include <vector>

namespace faceoff {

namespace {

struct Tap {
  std::int64_t index;
  double weight;
};

/// A list of taps an output position as index and weight tensors, padded with weight 0.
Taps pack(const std::vector<std::vector<Tap>>& taps) {
  std::size_t width = 1;
  std::int64_t somewhere = 0;  // where taps of weight 0 point: at one that is read anyway
  for (const auto& row : taps) {
    width = std::max(width, row.size());
    if (!row.empty()) somewhere = row.front().index;
  }
  std::vector<std::int64_t> index;
  std::vector<double> weight;
  for (std::vector<Tap> row : taps) {
    row.resize(width, {somewhere, 0});
    std::ranges::transform(row, std::back_inserter(index), &Tap::index);
    std::ranges::transform(row, std::back_inserter(weight), &Tap::weight);
  }
  const auto outputs = static_cast<std::int64_t>(taps.size());
  return {at::tensor(index, at::kLong).view({outputs, -1}), at::tensor(weight, at::kDouble).view({outputs, -1})};
}

/// Resamples the second to last axis: a weighted sum of gathered rows, which are contiguous and so cheap in both
/// directions. All taps are gathered at once, so that the gradient is scattered once.
at::Tensor resample_rows(const at::Tensor& images, const Taps& taps) {
  const at::Tensor index = taps.index.to(images.device());
  at::Tensor rows = images.index_select(2, index.flatten()).unflatten(2, index.sizes());
  if (rows.scalar_type() == at::kByte) rows = rows.to(at::kFloat);
  return (rows * taps.weight.to(rows.options()).unsqueeze(2)).sum(3);  // weights [out,k,1]
}

/// The first input position that any tap reads, and how many there are up to the last.
std::pair<std::int64_t, std::int64_t> span(const Taps& taps) {
  const auto first = taps.index.min().item<std::int64_t>();
  return {first, taps.index.max().item<std::int64_t>() - first + 1};
}

}  // namespace

Taps legacy_bilinear(std::int64_t in, std::int64_t out, std::int64_t begin, std::int64_t available) {
  std::vector<std::vector<Tap>> taps(static_cast<std::size_t>(out));
  // In float32, as tfjs does it, so that the reference's fractions are met exactly.
  const float ratio = static_cast<float>(in) / static_cast<float>(out);
  for (std::int64_t o = 0; o < out; ++o) {
    const float source = ratio * static_cast<float>(o);
    const auto low = static_cast<std::int64_t>(std::floor(source));
    const std::int64_t high = std::min(low + 1, in - 1);
    const float fraction = source - static_cast<float>(low);
    auto& row = taps[static_cast<std::size_t>(o)];
    const auto add = [&](std::int64_t position, double weight) {
      if (position >= begin && position < begin + available) row.push_back({position - begin, weight});
    };
    add(low, 1.0 - fraction);
    add(high, fraction);
  }
  return pack(taps);
}

Taps half_pixel_bilinear(std::int64_t available, std::int64_t out, std::int64_t begin, std::int64_t inside) {
  std::vector<std::vector<Tap>> taps(static_cast<std::size_t>(out));
  const double scale = static_cast<double>(available) / static_cast<double>(inside);
  for (std::int64_t i = 0; i < inside; ++i) {
    const double source =
        std::clamp((static_cast<double>(i) + .5) * scale - .5, 0., static_cast<double>(available - 1));
    const auto low = static_cast<std::int64_t>(source);
    const double fraction = source - static_cast<double>(low);
    taps[static_cast<std::size_t>(begin + i)] = {{low, 1 - fraction}, {std::min(low + 1, available - 1), fraction}};
  }
  return pack(taps);
}

Taps triangle(double from, double to, std::int64_t out, std::int64_t available) {
  std::vector<std::vector<Tap>> taps(static_cast<std::size_t>(out));
  const double scale = (to - from) / static_cast<double>(out);
  const double support = std::max(1.0, scale);
  for (std::int64_t o = 0; o < out; ++o) {
    const double centre = from + (static_cast<double>(o) + 0.5) * scale;
    auto& row = taps[static_cast<std::size_t>(o)];
    double total = 0;
    const auto first = static_cast<std::int64_t>(std::floor(centre - support));
    const auto last = static_cast<std::int64_t>(std::ceil(centre + support));
    for (std::int64_t i = first; i <= last; ++i) {
      const double weight = 1.0 - std::abs(static_cast<double>(i) + 0.5 - centre) / support;
      if (weight <= 1e-9) continue;
      row.push_back({std::clamp<std::int64_t>(i, 0, available - 1), weight});
      total += weight;
    }
    for (Tap& tap : row) tap.weight /= total;
  }
  return pack(taps);
}

Taps area(std::int64_t in, std::int64_t out) {
  std::vector<std::vector<Tap>> taps(static_cast<std::size_t>(out));
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  for (std::int64_t o = 0; o < out; ++o) {
    const double from = static_cast<double>(o) * scale, to = from + scale;
    for (auto i = static_cast<std::int64_t>(from); i < in && static_cast<double>(i) < to; ++i) {
      const double part = std::min(to, static_cast<double>(i + 1)) - std::max(from, static_cast<double>(i));
      if (part > 1e-9) taps[static_cast<std::size_t>(o)].push_back({i, part / scale});
    }
  }
  return pack(taps);
}

at::Tensor resample(const at::Tensor& images, const Taps& rows, const Taps& columns) {
  // Only the part that any tap reads takes part: a face is a small piece of a picture.
  const auto [top, height] = span(rows);
  const auto [left, width] = span(columns);
  const at::Tensor part = images.narrow(2, top, height).narrow(3, left, width);
  const at::Tensor tall = resample_rows(part, {rows.index - top, rows.weight});
  const at::Tensor across = tall.transpose(2, 3).contiguous();
  return resample_rows(across, {columns.index - left, columns.weight}).transpose(2, 3).contiguous();
}

}  // namespace faceoff
