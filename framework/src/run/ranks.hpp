#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace c10d {
class Store;
}

namespace faceoff {

/// A part of a run's groups of items, for jobs that know nothing of one another: each of several takes every
/// several-th.
struct Shard {
  std::int64_t index = 1;  ///< from 1
  std::int64_t of = 1;

  /// From "2/4". Throws ConfigError.
  static Shard parse(const std::string& text);

  bool whole() const { return of == 1; }
  bool has(std::int64_t group) const { return group % of == index - 1; }
  std::string text() const { return std::to_string(index) + "/" + std::to_string(of); }
};

/// This process as one of several that torchrun started for one run (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT). They
/// share the items through the launcher's key-value store, which outlives a rank that is killed and started again.
class Ranks {
 public:
  /// Whether a launcher started this process, and which of its ranks it is. Throws ConfigError where what it says makes
  /// no sense.
  static std::optional<int> launched();

  /// Joins the others; `notice` is told where it waits for long. Throws Error where the store can't be reached within a
  /// minute.
  explicit Ranks(std::function<void(const std::string&)> notice);

  int rank() const { return rank_; }
  bool first() const { return rank_ == 0; }

  /// The folder that this launch began to work in, where it has been started before.
  std::optional<std::filesystem::path> begun() const;
  /// For the first rank: that this launch works in a folder from now on.
  void begin(const std::filesystem::path& folder);
  /// All ranks meet, each once the folder is ready for it; false where `stop` said so before. `plan`: what stands for
  /// the run's items. Throws ConfigError where it is another one than the first rank's.
  bool meet(const std::string& plan, const std::function<bool()>& stop);

  /// Which of the items that were left when the ranks met is this one's next: every number from 0 is given once.
  std::int64_t take();
  /// That this rank's items are saved; the first one then waits for all others. False where `stop` said so before.
  bool finish(const std::function<bool()>& stop);

 private:
  /// A key of the ranks that met.
  std::string here(const std::string& key) const { return launch_ + generation_ + "/" + key; }
  std::string get(const std::string& key) const;
  void set(const std::string& key, const std::string& value);
  bool has(const std::string& key) const;
  bool wait_for(const std::function<bool()>& there, const std::function<bool()>& stop) const;

  std::function<void(const std::string&)> notice_;
  int rank_ = 0, size_ = 1;
  std::string launch_;      ///< what the keys of this launch begin with
  std::string self_;        ///< this process, as no other is called
  std::string generation_;  ///< the first rank of those that met; all are started anew where one is lost
  std::shared_ptr<c10d::Store> store_;
};

}  // namespace faceoff
