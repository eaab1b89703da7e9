#pragma once

#include <filesystem>
#include <string>

#include "plugins/model_pool.hpp"
#include "run/item_list.hpp"

namespace faceoff {

/// What the results of a variant's items depend on, but for their pictures: versions, device, values, plugins and
/// weights, people. What only evaluations and reports read of an experiment is not in it. SHA-256.
std::string variant_key(const PreparedVariant& variant, ModelPool& pool);

/// What stands for an item's results: under the same key they are the same, but for times. `picture` as it is given,
/// `output` as it is delivered.
std::string item_key(const std::string& variant, const std::string& picture_sha256,
                     const std::filesystem::path& picture, const std::filesystem::path& output);

}  // namespace faceoff
