#include "attack/rows.hpp"

#include <ATen/ATen.h>

#include <numeric>
#include <utility>

#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"

namespace faceoff {

namespace {

/// Row by row the first where chosen, else the second; undefined where one of them is.
at::Tensor choose(const at::Tensor& chosen, const at::Tensor& first, const at::Tensor& second) {
  if (!first.defined() || !second.defined()) return {};
  std::vector<std::int64_t> shape(static_cast<std::size_t>(first.dim()), 1);
  shape[0] = -1;
  return at::where(chosen.to(first.device()).view(shape), first, second);
}

/// The rows that the augmentation was applied to, and those that chance left as they were.
Images mixed(const std::string& who, const at::Tensor& applied, const Images& changed, const Images& plain,
             std::int64_t copies) {
  const Images as_they_were = repeated(plain, copies);
  if (as_they_were.pixels.sizes() != changed.pixels.sizes())
    throw PluginFault(who, "it changes the size, so it can't have a probability");
  const at::Tensor chosen = applied.repeat_interleave(copies);
  return {choose(chosen, changed.pixels, as_they_were.pixels), choose(chosen, changed.map, as_they_were.map),
          choose(chosen, changed.landmarks, as_they_were.landmarks)};
}

/// The rows of which `part` takes a tensor's, and `entries` a list's.
template <class Part, class Entries>
Rows taken(const Rows& rows, const Part& part, const Entries& entries) {
  const auto some = [&](const at::Tensor& t) { return t.defined() ? part(t) : t; };
  const Images& images = rows.images;
  return {{some(images.pixels), some(images.map), some(images.landmarks), some(images.partners)},
          entries(rows.subject),
          entries(rows.reference),
          rows.unmapped_by};
}

}  // namespace

Rows part_of(const Rows& rows, std::int64_t begin, std::int64_t count) {
  return taken(
      rows, [&](const at::Tensor& t) { return t.narrow(0, begin, count); },
      [&](const std::vector<std::int64_t>& all) {
        return std::vector<std::int64_t>(all.begin() + begin, all.begin() + begin + count);
      });
}

Rows rows_where(const Rows& rows, const std::vector<bool>& wanted) {
  std::vector<std::int64_t> places;
  for (std::int64_t r = 0; r < rows.count(); ++r) {
    if (wanted[static_cast<std::size_t>(rows.subject[static_cast<std::size_t>(r)])]) places.push_back(r);
  }
  if (static_cast<std::int64_t>(places.size()) == rows.count()) return rows;
  const auto entries = [&](const std::vector<std::int64_t>& all) {
    std::vector<std::int64_t> those;
    for (const std::int64_t place : places) {
      if (!all.empty()) those.push_back(all[static_cast<std::size_t>(place)]);
    }
    return those;
  };
  const auto part = [&](const at::Tensor& t) { return t.index_select(0, as_index(places, t.device())); };
  return taken(rows, part, entries);
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

at::Tensor as_index(const std::vector<std::int64_t>& rows, const at::Device& device) {
  return at::tensor(rows, at::kLong).to(device);
}

Rows augment(const std::vector<AugmentationStep>& steps, Stage at, Rows rows, const Random& random,
             const std::string& purpose, const DrawPartners& partners) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const AugmentationStep& step = steps[i];
    if (step.at != at) continue;
    rows = {repeated(rows.images, step.draws), repeated(rows.subject, step.draws), repeated(rows.reference, step.draws),
            rows.unmapped_by};
    Random own = random.derive(rows.subject, purpose + std::to_string(i));
    const at::Tensor applied = own.uniform(0, 1) < step.probability;
    if (step.probability < 1 && !applied.any().item<bool>()) continue;
    const std::string who = "plugin " + step.plugin;
    if (step.partners > 0) {
      Random for_partners = random.derive(rows.subject, purpose + std::to_string(i) + " partners");
      rows.images.partners = partners(rows.subject, step.partners, for_partners);
    }
    Images images = call_plugin(who,
                                {{"its pixels", rows.images.pixels},
                                 {"its map", rows.images.map},
                                 {"its landmarks", rows.images.landmarks},
                                 {"its partners", rows.images.partners}},
                                [&] { return (*step.augmentation)(rows.images, own); });
    check_images(who, images, rows.images, at == Stage::view);
    images.partners = at::Tensor();
    rows.images.partners = at::Tensor();
    const std::int64_t copies = images.pixels.size(0) / rows.count();
    if (step.probability < 1) images = mixed(who, applied, images, rows.images, copies);
    if (rows.images.map.defined() && !images.map.defined()) rows.unmapped_by = step.plugin;
    rows = {std::move(images), repeated(rows.subject, copies), repeated(rows.reference, copies), rows.unmapped_by};
  }
  return rows;
}

}  // namespace faceoff
