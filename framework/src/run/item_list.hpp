#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "picture/header.hpp"
#include "plugins/model_pool.hpp"
#include "run/item.hpp"

namespace faceoff {

/// Where a list of pictures is cut into what is attacked at once: the size of each part, in order. A part has at most
/// 32 megapixels once its pictures are padded to the largest, of which no more than half pads; where `one_size`,
/// pictures of one size. A picture that is larger is alone; one whose size is 0 can't be read and takes no room.
std::vector<std::size_t> cut(std::span<const Extent> pictures, bool one_size);

/// What the results of a variant's items depend on, but for their pictures: versions, device, values, plugins and
/// weights, people. What only evaluations and reports read of an experiment is not in it. SHA-256.
std::string variant_key(const PreparedVariant& variant, ModelPool& pool);

/// What stands for an item's results: under the same key they are the same, but for times. `batch`: the SHA-256 of the
/// pictures that are attacked at once, empty for one that can't be read, and `place` the item's own among them. Empty
/// where its own is.
std::string item_key(const Item& item, const std::vector<std::string>& batch, std::size_t place);

/// All items of an experiment, by number: the pictures of the first variant, of the second, … So many as [run] batch
/// says that follow one another in a variant are a group: shards and ranks take whole groups. A group's pictures are
/// cut into batches by their sizes. So what a batch is depends on the list, on the number and on the pictures in the
/// group, and neither on what was done before nor on who does it.
class ItemList {
 public:
  using Numbers = std::vector<std::int64_t>;

  /// The variants are kept by reference.
  explicit ItemList(const std::vector<PreparedVariant>& variants);

  std::int64_t size() const { return items_; }
  Item at(std::int64_t number) const;
  /// The item that a line of results is about.
  std::optional<std::int64_t> find(const ItemLine& line) const;
  /// SHA-256 of a picture's file; empty where it can't be read. Read once.
  const std::string& digest_of(const std::filesystem::path& picture) const;
  /// item_key() of an item in its batch.
  std::string key_of(std::int64_t item) const;

  std::int64_t groups() const { return groups_; }
  /// The group's items, which follow one another.
  Numbers items_of(std::int64_t group) const;
  /// The same as the batches in which they are attacked.
  std::vector<Numbers> batches_of(std::int64_t group) const;

  /// What stands for all items together, but for what is in their pictures. SHA-256.
  std::string key() const;

 private:
  /// Of a picture among a variant's.
  struct Place {
    std::int64_t index = 0;
    std::string stem;  ///< what it is called where it is delivered
  };
  using Places = std::map<std::filesystem::path, Place>;
  /// The items of a variant.
  struct Part {
    const PreparedVariant* variant;
    std::int64_t item, group;              ///< the first
    std::shared_ptr<const Places> places;  ///< variants with the same pictures share them

    const Experiment& experiment() const { return variant->assembly->experiment; }
  };
  static std::shared_ptr<const Places> places_of(const std::vector<std::filesystem::path>& pictures);
  /// Which has this item, or this group.
  const Part& part(std::int64_t Part::*first, std::int64_t number) const;

  std::vector<Part> parts_;
  std::int64_t items_ = 0, groups_ = 0;
  mutable std::map<std::filesystem::path, std::string> digests_;
  mutable std::int64_t known_ = -1;  ///< the group that was cut last
  mutable std::vector<Numbers> cut_;
};

}  // namespace faceoff
