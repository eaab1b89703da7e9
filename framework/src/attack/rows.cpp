#include "attack/rows.hpp"

#include <ATen/ATen.h>

#include <numeric>

namespace faceoff {

Rows part_of(const Rows& rows, std::int64_t begin, std::int64_t count) {
  const auto some = [&](const at::Tensor& t) { return t.defined() ? t.narrow(0, begin, count) : t; };
  const auto entries = [&](const std::vector<std::int64_t>& all) {
    return std::vector<std::int64_t>(all.begin() + begin, all.begin() + begin + count);
  };
  const Images& images = rows.images;
  return {{some(images.pixels), some(images.map), some(images.landmarks), some(images.partners)},
          entries(rows.subject),
          entries(rows.reference),
          rows.unmapped_by};
}

std::vector<std::int64_t> counting(std::int64_t n) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::vector<std::int64_t> repeated(const std::vector<std::int64_t>& from, std::int64_t k) {
  std::vector<std::int64_t> to;
  to.reserve(from.size() * static_cast<std::size_t>(k));
  for (const std::int64_t entry : from) to.insert(to.end(), static_cast<std::size_t>(k), entry);
  return to;
}

Images repeated(const Images& images, std::int64_t k) {
  if (k == 1) return images;
  const auto repeat = [&](const at::Tensor& t) { return t.defined() ? t.repeat_interleave(k, 0) : t; };
  return {repeat(images.pixels), repeat(images.map), repeat(images.landmarks), repeat(images.partners)};
}

at::Tensor as_index(const std::vector<std::int64_t>& rows, const at::Device& device) {
  return at::tensor(rows, at::kLong).to(device);
}

}  // namespace faceoff
