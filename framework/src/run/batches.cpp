#include "run/batches.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <map>
#include <utility>

#include "run/item_key.hpp"

namespace faceoff {

namespace {

/// Whether a model sees pictures in their own size, so that those of a batch have to have one.
bool takes_one_size(const Assembly& assembly) {
  return std::ranges::any_of(assembly.surrogates, [](const LoadedModel* model) { return model->view.height == 0; });
}

/// Its size, or none where it can't be read, which costs its item alone.
Extent extent_or_none(const std::filesystem::path& picture) {
  try {
    return extent_of(picture);
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::vector<std::size_t> cut(std::span<const Extent> pictures, bool one_size) {
  constexpr std::int64_t most_pixels = 32'000'000;
  std::vector<std::size_t> parts;
  Extent largest;
  std::int64_t own = 0, readable = 0;
  for (const Extent& picture : pictures) {
    const Extent together{std::max(largest.height, picture.height), std::max(largest.width, picture.width)};
    const std::int64_t padded = together.pixels() * (readable + 1);
    const bool fits =
        padded <= most_pixels && padded <= 2 * (own + picture.pixels()) && (!one_size || picture == largest);
    const bool none = picture.pixels() == 0;
    if (parts.empty() || (!none && readable > 0 && !fits)) {
      parts.push_back(0);
      largest = {};
      own = readable = 0;
    }
    ++parts.back();
    if (none) continue;
    largest = {std::max(largest.height, picture.height), std::max(largest.width, picture.width)};
    own += picture.pixels();
    ++readable;
  }
  return parts;
}

Batches::Batches(const ItemList& items) : items_(items) {
  for (std::size_t v = 0; v < items.variants(); ++v) {
    const std::int64_t each = items.variant(v).assembly->experiment.batch;
    begins_.push_back(begins_.back() + (items.count(v) + each - 1) / each);
  }
}

std::int64_t Batches::group_of(std::int64_t item) const {
  const std::size_t v = items_.variant_of(item);
  return begins_[v] + (item - items_.first(v)) / items_.variant(v).assembly->experiment.batch;
}

std::vector<std::int64_t> Batches::items_of(std::int64_t group) const {
  const auto v = static_cast<std::size_t>(std::ranges::upper_bound(begins_, group) - begins_.begin()) - 1;
  const std::int64_t each = items_.variant(v).assembly->experiment.batch;
  const std::int64_t begin = (group - begins_[v]) * each, end = std::min(begin + each, items_.count(v));
  std::vector<std::int64_t> all;
  for (std::int64_t i = begin; i < end; ++i) all.push_back(items_.first(v) + i);
  return all;
}

std::vector<std::vector<std::int64_t>> Batches::of(std::int64_t group) const {
  if (known_ == group) return cut_;
  const std::vector<std::int64_t> all = items_of(group);
  std::vector<Extent> extents(all.size());
  if (all.size() > 1) {
    for (std::size_t i = 0; i < all.size(); ++i) extents[i] = extent_or_none(items_.at(all[i]).picture);
  }
  std::vector<std::vector<std::int64_t>> batches;
  auto next = all.begin();
  for (const std::size_t size : cut(extents, takes_one_size(*items_.at(all.front()).variant->assembly))) {
    batches.emplace_back(next, next + static_cast<std::ptrdiff_t>(size));
    next += static_cast<std::ptrdiff_t>(size);
  }
  known_ = group;
  cut_ = batches;
  return batches;
}

std::string Batches::key(std::int64_t number) const {
  for (const std::vector<std::int64_t>& batch : of(group_of(number))) {
    const auto place = std::ranges::find(batch, number);
    if (place == batch.end()) continue;
    std::vector<std::string> digests;
    for (const std::int64_t member : batch) digests.push_back(items_.digest_of(items_.at(member).picture));
    const Item item = items_.at(number);
    return item_key(item, digests, static_cast<std::size_t>(place - batch.begin()));
  }
  return "";
}

}  // namespace faceoff
