#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "run/batches.hpp"
#include "run/item_list.hpp"
#include "run/observer.hpp"
#include "run/run_folder.hpp"
#include "run/trace_files.hpp"

namespace faceoff {

/// What of a run's items has its line.
struct DoneItems {
  std::set<std::int64_t> all, failed;
};

/// What a run folder's results say.
DoneItems done_items_in(const std::filesystem::path& run);

/// Attacks the groups that `take` gives until it gives none, or the observer says stop: from the pictures to their
/// lines in the results, batch by batch, with event files for TensorBoard where there is who makes them. A batch of
/// which a line is missing is attacked whole, and writes only what is missing; one that fails or has crashed is
/// attacked picture by picture. The next batch is read, and the last one may be written, while one is attacked; so
/// three are in memory at most.
void attack_batches(const RunFolder& run, const ItemList& items, const Batches& batches, const DoneItems& done,
                    const std::function<std::optional<std::int64_t>()>& take, const Events& events,
                    RunObserver& observer);

/// The line of an item whose process ended, from the one that it had ready for a failure.
std::string lost_line(const std::string& ready, const std::string& error, std::int64_t queries, double seconds);

}  // namespace faceoff
