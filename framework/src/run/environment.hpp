#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiment/experiment.hpp"
#include "judge/judges.hpp"
#include "plugins/model_pool.hpp"

namespace faceoff {

/// environment.json: versions, command, host, the hashes of plugins and weights, and of each variant its seed and by
/// whom and what its results are judged.
struct Environment {
  struct Recogniser {
    std::string name, role;
    std::optional<double> threshold;  ///< at the variant's false accept rate
    bool operator==(const Recogniser&) const = default;
  };
  struct Detector {
    std::string name, role;
    bool operator==(const Detector&) const = default;
  };
  /// How one variant is judged.
  struct Variant {
    std::string name;
    std::vector<std::pair<std::string, std::string>> choices;  ///< each swept key and what its value is called
    std::uint64_t seed = 0;
    Goal goal = Goal::protect;
    double false_accept_rate = 0, minimum_score = 0;
    std::string finder;  ///< who finds the faces for recognisers; empty where there are none
    std::vector<Detector> detectors;
    std::vector<Recogniser> recognisers;
    bool operator==(const Variant&) const = default;
  };
  struct Host {
    std::string system, release, machine;
    int threads = 0;
  };
  struct PluginFile {
    std::string plugin, file, sha256;
  };
  struct Model {
    std::string name;  ///< of two with one name "NAME" and "NAME#2"
    std::string plugin, weights, sha256, family;
    std::string calibration;                            ///< its file; empty where there is none
    std::vector<std::pair<double, double>> thresholds;  ///< false accept rate and cosine
    std::string precision;                              ///< while it is attacked; empty: float32
  };
  /// A part that went into a merged run.
  struct Part {
    std::string shard;
    std::vector<std::string> command;
    Host host;
  };

  std::string faceoff, libtorch, opencv, compiler;
  std::string sources;  ///< what the program was made of: sources_digest()
  std::int64_t api = 0;
  std::vector<std::string> command;
  std::string plan;                         ///< what stands for all items
  std::int64_t items = 0;                   ///< how many they are
  std::int64_t items_here = 0;              ///< how many of them the run does
  std::optional<std::string> shard;         ///< which of them the run does; nothing: all
  std::optional<std::vector<Part>> merged;  ///< what it was put together from
  std::string device;
  std::vector<LeftOut> left_out;  ///< files that were there and are no items
  std::vector<Variant> variants;
  Host host;
  std::vector<PluginFile> plugins;
  std::vector<Model> models;

  /// Null where there is none of that name.
  const Variant* variant(const std::string& name) const;
  const Model* model(const std::string& name) const;
};

/// What a run is, as far as this program and machine say it.
Environment environment_here(const std::vector<std::string>& command, const ModelPool& pool,
                             const std::vector<const PluginInfo*>& plugins);
Environment::Variant judged_variant(const Experiment& experiment, const Judges& judges);

std::string to_text(const Environment& environment);
/// A run's; nothing where there is none. Throws FileError where it is not as a run writes it.
std::optional<Environment> read_environment(const std::filesystem::path& run);

}  // namespace faceoff
