#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include "attack/assembly.hpp"
#include "attack/item.hpp"

namespace faceoff {

/// What identifies an item and what only the clock knows of it.
struct ItemRecord {
  std::size_t item = 0;
  std::filesystem::path picture;  ///< as given
  std::string output;             ///< relative to the run; empty where nothing was delivered
  double seconds = 0;
  std::string started, finished;
};

/// A line of results.jsonl.
nlohmann::ordered_json to_json(const ItemRecord& record, const Experiment& experiment, const ItemReport& report);

/// environment.json: versions, seeds, command, host, and the hashes of plugins and weights.
nlohmann::ordered_json environment(const std::vector<std::string>& command, const std::vector<Experiment>& experiments,
                                   const ModelPool& pool, const std::vector<const PluginInfo*>& plugins);

}  // namespace faceoff
