#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "attack/assembly.hpp"
#include "faces/gallery.hpp"
#include "plugins/model_pool.hpp"

namespace faceoff {

/// What the results of a variant's items depend on, but for their pictures: versions, device, values, plugins and
/// weights, people. What only evaluations and reports read of an experiment is not in it. SHA-256.
std::string variant_key(const Assembly& assembly, const Gallery& gallery, const std::map<std::string, Person>& photos,
                        ModelPool& pool);

/// What stands for an item's results: under the same key they are the same, but for times. `picture` as it is given,
/// `output` as it is delivered.
std::string item_key(const std::string& variant, const std::string& picture_sha256,
                     const std::filesystem::path& picture, const std::filesystem::path& output);

}  // namespace faceoff
