#include "run/item_list.hpp"

#include <algorithm>

#include "base/files.hpp"
#include "base/stems.hpp"
#include "run/item_key.hpp"
#include "run/run_folder.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

const std::vector<fs::path>& pictures_of(const PreparedVariant& variant) {
  return variant.assembly->experiment.pictures;
}

}  // namespace

ItemList::ItemList(const std::vector<PreparedVariant>& variants) : variants_(variants) {
  for (std::size_t v = 0; v < variants.size(); ++v) {
    const std::vector<fs::path>& pictures = pictures_of(variants[v]);
    begins_.push_back(begins_.back() + static_cast<std::int64_t>(pictures.size()));
    if (v > 0 && pictures == pictures_of(variants[v - 1])) {
      places_.push_back(places_.back());
    } else {
      places_.push_back(places_of(pictures));
    }
  }
}

std::shared_ptr<const ItemList::Places> ItemList::places_of(const std::vector<fs::path>& pictures) {
  Places places;
  for (auto& [picture, stem] : delivered_stems(pictures)) places[picture].stem = stem;
  for (std::size_t i = 0; i < pictures.size(); ++i) places[pictures[i]].index = static_cast<std::int64_t>(i);
  return std::make_shared<const Places>(std::move(places));
}

Item ItemList::at(std::int64_t number) const {
  const auto v = static_cast<std::size_t>(std::ranges::upper_bound(begins_, number) - begins_.begin()) - 1;
  const Experiment& experiment = variants_[v].assembly->experiment;
  const fs::path& picture = experiment.pictures[static_cast<std::size_t>(number - begins_[v])];
  return {number, &variants_[v], picture,
          RunFolder::picture_place(experiment.variant, places_[v]->at(picture).stem, experiment.encoding.format)};
}

std::optional<std::int64_t> ItemList::same(const ItemLine& line) const {
  const auto named = [&](const PreparedVariant& one) { return one.assembly->experiment.variant == line.variant; };
  const auto variant = std::ranges::find_if(variants_, named);
  if (variant == variants_.end() || line.key.empty()) return std::nullopt;
  const auto v = static_cast<std::size_t>(variant - variants_.begin());
  const auto place = places_[v]->find(line.picture);
  if (place == places_[v]->end() || !fs::is_regular_file(place->first)) return std::nullopt;
  const Item item = at(begins_[v] + place->second.index);
  const std::string digest = digest_of(item.picture);
  const bool equal = !digest.empty() && line.key == item_key(variant->key, digest, item.picture, item.output);
  return equal ? std::optional(item.number) : std::nullopt;
}

const std::string& ItemList::digest_of(const fs::path& picture) const {
  const auto [found, is_new] = digests_.try_emplace(picture);
  try {
    if (is_new) found->second = sha256_file(picture);
  } catch (const FileError&) {
    // It costs its items alone, which will say so.
  }
  return found->second;
}

std::string ItemList::key() const {
  std::string text;
  for (const PreparedVariant& variant : variants_) text += variant.key + "\n";
  for (const PreparedVariant& variant : variants_) {
    for (const fs::path& picture : pictures_of(variant)) text += picture.string() + "\n";
  }
  return sha256(text);
}

}  // namespace faceoff
