#include "run/item_list.hpp"

#include <faceoff/error.hpp>

#include <opencv2/core/version.hpp>
#include <torch/version.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "base/files.hpp"
#include "base/stems.hpp"
#include "run/run_folder.hpp"
#include "run/sources_digest.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// Its size, or none where it can't be read, which costs its item alone.
Extent extent_or_none(const fs::path& picture) {
  try {
    return extent_of(picture);
  } catch (const Error&) {
    return {};
  }
}

/// Whether an item's results depend on a value by itself: pictures and people count by what is in them, and
/// [run] by what is attacked together.
bool matters(const Resolved::Line& line) {
  static const std::set<std::pair<std::string, std::string>> others = {{"", "name"},
                                                                       {"[data]", "pictures"},
                                                                       {"[data]", "people"},
                                                                       {"[evaluate]", "after"},
                                                                       {"[evaluate]", "false_accept_rate"}};
  return line.section != "[run]" && !others.contains({line.section, line.key});
}

/// Whoever is among people, by their photos.
std::string contents_of(const People& people) {
  std::string text;
  for (const Person& person : people.all().people()) text += person.contents();
  return text;
}

/// The thresholds that an item's line is judged by, or its trace.
std::string thresholds_of(const LoadedModel& model) {
  std::string text;
  if (model.calibration == nullptr) return text;
  for (const auto& [rate, threshold] : model.calibration->thresholds)
    text += "threshold " + to_toml(rate) + " " + to_toml(threshold) + "\n";
  return text;
}

}  // namespace

std::vector<std::size_t> cut(std::span<const Extent> pictures, bool one_size) {
  constexpr std::int64_t most_pixels = 32'000'000;
  std::vector<std::size_t> parts;
  Extent largest;
  std::int64_t own = 0, readable = 0;
  for (const Extent& picture : pictures) {
    Extent together{std::max(largest.height, picture.height), std::max(largest.width, picture.width)};
    const std::int64_t padded = together.pixels() * (readable + 1);
    const bool fits =
        padded <= most_pixels && padded <= 2 * (own + picture.pixels()) && (!one_size || picture == largest);
    const bool none = picture.pixels() == 0;
    if (parts.empty() || (!none && readable > 0 && !fits)) {
      parts.push_back(0);
      together = picture;
      own = readable = 0;
    }
    ++parts.back();
    if (none) continue;
    largest = together;
    own += picture.pixels();
    ++readable;
  }
  return parts;
}

std::string variant_key(const PreparedVariant& variant, ModelPool& pool) {
  const Assembly& assembly = *variant.assembly;
  const Experiment& experiment = assembly.experiment;
  std::string text = "faceoff " + std::string(sources_digest()) +
                     "\nLibTorch " TORCH_VERSION "\nOpenCV " CV_VERSION "\n" + pool.setup().device.str() + "\n" +
                     experiment.variant + "\n";
  for (const Resolved::Line& line : experiment.resolved.lines) {
    if (matters(line)) text += line.section + " " + line.key + " = " + line.value + "\n";
  }
  for (const std::string& name : experiment.used_models())
    text += pool.get(name, experiment.models.at(name)).identity + "\n";
  for (const LossConfig& loss : experiment.losses) text += pool.identity(loss.plugin) + "\n";
  for (const AugmentationConfig& augmentation : experiment.augmentations)
    text += pool.identity(augmentation.plugin) + "\n";
  text += pool.identity(experiment.optimizer) + "\n";
  // By how much an attack that protects has reached its goal goes by the threshold: what it keeps, and its trace. And
  // so does who may be a target.
  for (const LoadedModel* model : assembly.surrogates) {
    const bool counts =
        experiment.goal == Goal::protect || (!experiment.targets.empty() && model == assembly.measure());
    const std::optional<double> threshold = model->threshold(experiment.false_accept_rate);
    if (counts && threshold) text += "threshold " + to_toml(*threshold) + "\n";
  }
  const Judges& judges = variant.judges;
  for (const auto* of_a_kind : {&judges.recognisers, &judges.detectors}) {
    for (const Judge& judge : *of_a_kind)
      text += judge.model->name + " " + to_string(judge.role) + "\n" + thresholds_of(*judge.model);
  }
  if (judges.finder != nullptr) text += "found by " + judges.finder->identity + "\n";
  // A gallery's file holds embeddings that others made of the photos.
  const bool looked_at =
      !variant.people.attacked.gallery->people().empty() || !variant.people.judged.gallery->people().empty();
  if (looked_at && experiment.people.size() == 1 && std::filesystem::is_regular_file(experiment.people.front()))
    text += sha256_file(experiment.people.front()) + "\n";
  text += contents_of(variant.people.attacked) + "\n" + contents_of(variant.people.judged);
  return sha256(text);
}

std::string item_key(const Item& item, const std::vector<std::string>& batch, std::size_t place) {
  constexpr std::size_t enough = 32;
  if (batch[place].empty()) return "";
  // Nobody is to be taken for the person in whose folder the picture is.
  const std::string folder = folder_name(item.picture);
  std::string text = item.variant->key + "\n" + batch[place] + "\n" + folder + "\n" + item.picture.string() + "\n" +
                     item.output.string() + "\n" + std::to_string(place);
  for (const std::string& digest : batch) text += "\n" + digest;
  return sha256(text).substr(0, enough);
}

ItemList::ItemList(const std::vector<PreparedVariant>& variants) {
  for (const PreparedVariant& variant : variants) {
    const Experiment& experiment = variant.assembly->experiment;
    const bool same = !parts_.empty() && experiment.pictures == parts_.back().experiment().pictures;
    parts_.push_back({&variant, items_, groups_, same ? parts_.back().places : places_of(experiment.pictures)});
    const auto count = static_cast<std::int64_t>(experiment.pictures.size());
    items_ += count;
    groups_ += (count + experiment.batch - 1) / experiment.batch;
  }
}

std::shared_ptr<const ItemList::Places> ItemList::places_of(const std::vector<fs::path>& pictures) {
  Places places;
  for (auto& [picture, stem] : delivered_stems(pictures)) places[picture].stem = stem;
  for (std::size_t i = 0; i < pictures.size(); ++i) places[pictures[i]].index = static_cast<std::int64_t>(i);
  return std::make_shared<const Places>(std::move(places));
}

const ItemList::Part& ItemList::part(std::int64_t Part::*first, std::int64_t number) const {
  return *std::prev(std::ranges::upper_bound(parts_, number, {}, first));
}

Item ItemList::at(std::int64_t number) const {
  const Part& of = part(&Part::item, number);
  const Experiment& experiment = of.experiment();
  const fs::path& picture = experiment.pictures[static_cast<std::size_t>(number - of.item)];
  return {number, of.variant, picture,
          RunFolder::picture_place(experiment.variant, of.places->at(picture).stem, experiment.encoding.format)};
}

std::optional<std::int64_t> ItemList::find(const ItemLine& line) const {
  const auto of =
      std::ranges::find_if(parts_, [&](const Part& one) { return one.experiment().variant == line.variant; });
  if (of == parts_.end()) return std::nullopt;
  const auto place = of->places->find(line.picture);
  if (place == of->places->end() || !fs::is_regular_file(place->first)) return std::nullopt;
  return of->item + place->second.index;
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

std::string ItemList::key_of(std::int64_t number) const {
  const Part& of = part(&Part::item, number);
  for (const Numbers& batch : batches_of(of.group + (number - of.item) / of.experiment().batch)) {
    const auto place = std::ranges::find(batch, number);
    if (place == batch.end()) continue;
    std::vector<std::string> digests;
    for (const std::int64_t member : batch) digests.push_back(digest_of(at(member).picture));
    return item_key(at(number), digests, static_cast<std::size_t>(place - batch.begin()));
  }
  return "";
}

ItemList::Numbers ItemList::items_of(std::int64_t group) const {
  const Part& of = part(&Part::group, group);
  const std::int64_t each = of.experiment().batch, begin = (group - of.group) * each;
  Numbers all(
      static_cast<std::size_t>(std::min(each, static_cast<std::int64_t>(of.experiment().pictures.size()) - begin)));
  std::iota(all.begin(), all.end(), of.item + begin);
  return all;
}

std::vector<ItemList::Numbers> ItemList::batches_of(std::int64_t group) const {
  if (known_ == group) return cut_;
  const Numbers all = items_of(group);
  std::vector<Extent> extents(all.size());
  if (all.size() > 1)
    std::ranges::transform(all, extents.begin(), [&](std::int64_t item) { return extent_or_none(at(item).picture); });
  // Where a model sees pictures in their own size, those of a batch have to have one.
  const bool one_size = std::ranges::any_of(part(&Part::group, group).variant->assembly->surrogates,
                                            [](const LoadedModel* model) { return model->view.height == 0; });
  cut_.clear();
  auto next = all.begin();
  for (const std::size_t size : cut(extents, one_size)) {
    const auto end = next + static_cast<std::ptrdiff_t>(size);
    cut_.emplace_back(next, end);
    next = end;
  }
  known_ = group;
  return cut_;
}

std::string ItemList::key() const {
  std::string text;
  for (const Part& of : parts_)
    text += of.variant->key + " in batches of " + std::to_string(of.experiment().batch) + "\n";
  for (const Part& of : parts_) {
    for (const fs::path& picture : of.experiment().pictures) text += picture.string() + "\n";
  }
  return sha256(text);
}

}  // namespace faceoff
