#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "plugins/model_pool.hpp"
#include "run/item_list.hpp"

namespace faceoff {

/// What the results of a variant's items depend on, but for their pictures: versions, device, values, plugins and
/// weights, people. What only evaluations and reports read of an experiment is not in it. SHA-256.
std::string variant_key(const PreparedVariant& variant, ModelPool& pool);

/// What stands for an item's results: under the same key they are the same, but for times. `batch`: the SHA-256 of the
/// pictures that are attacked at once, empty for one that can't be read, and `place` the item's own among them. Empty
/// where its own is.
std::string item_key(const Item& item, const std::vector<std::string>& batch, std::size_t place);

}  // namespace faceoff
