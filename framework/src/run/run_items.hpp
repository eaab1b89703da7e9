#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "experiment/experiment.hpp"
#include "judge/evaluation.hpp"
#include "plugins/model_pool.hpp"
#include "plugins/threads.hpp"
#include "run/attack_batches.hpp"
#include "run/item_list.hpp"
#include "run/people.hpp"
#include "run/ranks.hpp"
#include "run/run_folder.hpp"
#include "toml/document.hpp"

namespace faceoff {

/// What `faceoff run` is asked for.
struct RunRequest {
  std::vector<std::string> args;  ///< as they were, for the record
  std::string experiment;
  std::vector<std::string> sets, plugin_paths;
  std::optional<std::filesystem::path> out;
  bool resume = false;  ///< go on with what is in `out`
  Shard shard;
  Events events;  ///< what makes each item's event file for TensorBoard; empty: there are none
};

/// What of a run is done, and where.
struct Done {
  std::filesystem::path run;
  std::int64_t items = 0, of = 0;
  bool told = true;  ///< whether this process is the one that says so
};

/// An experiment's items, done in this process. Where another process was ended by a plugin, its run is taken up.
class RunItems {
 public:
  /// Everything is built and checked before the first forward and before anything is written.
  RunItems(RunRequest request, RunObserver& observer);

  /// The items of the part that is asked for, a line each: variant and picture.
  std::string listed() const;

  /// About how long a variant's attacks take on this machine, by a small, a middling and a large picture with the faces
  /// on them.
  struct Expected {
    std::string variant;
    std::size_t pictures = 0;
    double seconds = 0;
    std::string unknown;  ///< why that can't be told, or empty
  };
  std::vector<Expected> expected_time() const;

  /// Does the items that are left.
  Done run();

 private:
  void prepare();
  void build();
  std::vector<const PluginInfo*> used_plugins() const;
  /// The items of the part that is asked for, in their order.
  std::vector<Item> part() const;
  /// All that a run's items depend on.
  std::string plan() const;
  /// That this is no longer the run that another process began.
  [[noreturn]] void changed(const std::string& how) const;
  /// Variants that are looked at alike share one, and with it what was seen of clean pictures.
  Evaluator& evaluator_for(const Judges& judges);
  void read_people();
  /// The run's folder as this process is to go on with it: made, with what is known before the first item, resumed, or
  /// as another process left it. Nothing where the process was asked to stop before it was there.
  std::optional<RunFolder> folder(const ItemList& items);
  void make(const std::filesystem::path& path, const ItemList& items);
  /// The item that a line of a run's results is about, where it is whole and doing it once more would give the same.
  std::optional<std::int64_t> finished(const std::filesystem::path& run, const ItemList& items, const ItemLine& line,
                                       bool failures_too) const;
  void resume(const std::filesystem::path& path, const ItemList& items, bool failures_too);
  void describe(const std::filesystem::path& run, const ItemList& items) const;
  /// How many items this run does, of all that there are.
  std::int64_t items_here(const ItemList& items) const;

  RunRequest request_;
  RunObserver& observer_;
  std::vector<std::filesystem::path> folders_;
  PluginLibrary plugins_;
  std::optional<Document> document_;
  std::vector<Experiment> experiments_;
  std::optional<Threads> threads_;
  std::optional<ModelPool> pool_;
  std::deque<Evaluator> evaluators_;
  std::vector<PreparedVariant> prepared_;
  Galleries galleries_;
  std::optional<Ranks> ranks_;
  std::optional<FolderLock> lock_;
};

}  // namespace faceoff
