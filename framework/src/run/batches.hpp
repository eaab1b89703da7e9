#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "picture/header.hpp"
#include "run/item_list.hpp"

namespace faceoff {

/// Where a list of pictures is cut into what is attacked at once: the size of each part, in order. A part has at most
/// 32 megapixels once its pictures are padded to the largest, of which no more than half pads; where `one_size`,
/// pictures of one size. A picture that is larger is alone; one whose size is 0 can't be read and takes no room.
std::vector<std::size_t> cut(std::span<const Extent> pictures, bool one_size);

/// How items are attacked together. So many items as [run] batch says that follow one another in a variant are a group:
/// shards and ranks take whole groups. A group's pictures are cut into batches by their sizes. So what a batch is
/// depends on the list, on the number and on the pictures in the group, and neither on what was done before nor on who
/// does it.
class Batches {
 public:
  /// The items are kept by reference.
  explicit Batches(const ItemList& items);

  std::int64_t groups() const { return begins_.back(); }
  std::int64_t group_of(std::int64_t item) const;
  /// The group's items, which follow one another.
  std::vector<std::int64_t> items_of(std::int64_t group) const;
  /// The same as the batches in which they are attacked.
  std::vector<std::vector<std::int64_t>> of(std::int64_t group) const;

  /// What stands for an item's results: under the same key they are the same, but for times. Empty where its picture
  /// can't be read.
  std::string key(std::int64_t item) const;

 private:
  const ItemList& items_;
  std::vector<std::int64_t> begins_ = {0};  ///< the number of each variant's first group, and of none
  mutable std::int64_t known_ = -1;         ///< the group that was cut last
  mutable std::vector<std::vector<std::int64_t>> cut_;
};

}  // namespace faceoff
