#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "run/item_line.hpp"

// results.jsonl, a line an item. A run that was killed may have left a last line that is not whole, which is none.

namespace faceoff {

/// Makes the file of a run's results, without a line, where there is none: a part may have no items.
void begin_results(const std::filesystem::path& run);

/// Reads a run's results line by line, whatever their number; `where` is "file:line", for messages. Throws FileError
/// where a line is not as a run writes it, or is its item's second.
void read_results(const std::filesystem::path& run,
                  const std::function<void(const ItemLine& line, const std::string& where)>& use);

/// The items that have their line.
struct DoneItems {
  std::set<std::int64_t> all, failed;
};
DoneItems done_items(const std::filesystem::path& run);

/// The file that a rank writes its lines to, in the run's folder. results.jsonl stays as it is while ranks are at work,
/// for each of them reads there what is left.
std::string rank_results(int rank);
/// How many lines there are, in those files too.
std::int64_t count_results(const std::filesystem::path& run);

/// Puts the lines in the order of the items, together with those that ranks wrote to files of their own.
void settle_results(const std::filesystem::path& run);

/// Keeps the lines that `item_of` has a number for, under that number, and drops the others; returns how many it
/// dropped. `before` is called once all are looked at and nothing has changed. The results have to be settled.
std::int64_t keep_results(const std::filesystem::path& run,
                          const std::function<std::optional<std::int64_t>(const ItemLine& line)>& item_of,
                          const std::function<void()>& before);

/// Puts the lines of several runs of the same items together, as the results of another: each item once, and not a
/// failure where it did not fail elsewhere. `use` is told of each line and which run it is from. Throws FileError where
/// a run's ranks have not put their lines together.
void merge_results(const std::vector<std::filesystem::path>& runs, const std::filesystem::path& into,
                   const std::function<void(std::size_t run, const ItemLine& line)>& use);

/// How many items a run's environment.json promises and results.jsonl does not have.
std::int64_t missing_items(const std::filesystem::path& run);

}  // namespace faceoff
