#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "run/item_list.hpp"
#include "run/observer.hpp"
#include "run/run_folder.hpp"
#include "run/trace_files.hpp"

namespace faceoff {

/// Attacks the items that `take` gives until it gives none, or the process is asked to stop: from the picture to its
/// line in the results, with an event file for TensorBoard where there is who makes it. The next picture is read, and
/// the last one may be written, while one is attacked; so three pictures are in memory at most.
void attack_items(const RunFolder& run, const ItemList& items, const std::function<std::optional<std::int64_t>()>& take,
                  const Events& events, RunObserver& observer);

/// The line of an item whose process ended, from the one that it had ready for a failure.
std::string lost_line(const std::string& ready, const std::string& error, std::int64_t queries, double seconds);

}  // namespace faceoff
