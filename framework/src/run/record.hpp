#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "attack/assembly.hpp"
#include "plugins/model_pool.hpp"
#include "run/item.hpp"
#include "run/shard.hpp"

namespace faceoff {

/// What identifies an item and what only the clock knows of it.
struct ItemRecord {
  std::int64_t item = 0;
  std::filesystem::path picture;  ///< as given
  std::string output;             ///< relative to the run; empty where nothing was delivered
  std::string key;                ///< item_key(); empty where the picture could not be read
  double seconds = 0;
  std::string started, finished;
};

/// An item's line of results.jsonl, without its line break.
std::string result_line(const ItemRecord& record, const Experiment& experiment, const ItemReport& report);

/// The line of an item whose process ended, from the one that it had ready for a failure.
std::string lost_line(const std::string& ready, const std::string& error, std::int64_t queries, double seconds);

/// What a run's items are, all together.
struct Plan {
  std::string key;         ///< what stands for them
  std::int64_t items = 0;  ///< how many they are
  Shard shard;             ///< which of them the run does
};

/// environment.json: versions, command, host, the hashes of plugins and weights, and of each variant its seed and by
/// whom and what its results are judged.
std::string environment(const std::vector<std::string>& command, const std::vector<const Assembly*>& assemblies,
                        const ModelPool& pool, const std::vector<const PluginInfo*>& plugins, const Plan& plan);

}  // namespace faceoff
