#include "run/results.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <fstream>

#include "base/files.hpp"
#include "base/one_line.hpp"
#include "run/environment.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

constexpr const char* results_name = "results.jsonl";

/// A line in one of several files.
struct Entry {
  std::int64_t item = 0;
  std::size_t file = 0;
  std::streamoff offset = 0;
};

/// Calls `use` with each whole line, its place and its offset; returns whether the last line was whole.
template <class Use>
bool read_lines(const fs::path& file, const Use& use) {
  if (!fs::exists(file)) return true;
  const std::string name = one_line(file.string());
  if (!fs::is_regular_file(file)) throw FileError(name + ": not a plain file");
  std::ifstream in(file, std::ios::binary);
  if (!in) throw FileError(name + ": can't be read");
  std::streamoff offset = 0;
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    if (in.eof()) return false;  // it has no line break
    const std::string where = name + ":" + std::to_string(++number);
    use(parse_item_line(line, where), where, offset);
    offset += static_cast<std::streamoff>(line.size()) + 1;
  }
  return true;
}

/// A run's results, and behind them those of the ranks that have files of their own.
std::vector<fs::path> result_files(const fs::path& run) {
  std::vector<fs::path> files = {run / results_name};
  for (const fs::directory_entry& entry : fs::directory_iterator(run)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("results.rank") && name.ends_with(".jsonl")) files.push_back(entry.path());
  }
  std::ranges::sort(files.begin() + 1, files.end());
  return files;
}

/// Writes a run's results: these lines of these files, each under its item. `use` is told of each and of its file.
void write_results(
    const fs::path& run, const std::vector<fs::path>& files, const std::vector<Entry>& entries,
    const std::function<void(std::size_t, const ItemLine&)>& use = [](std::size_t, const ItemLine&) {}) {
  AtomicFile out(run / results_name);
  std::ifstream in;  // one at a time: there may be more files than a process may open
  std::size_t open = files.size();
  for (const Entry& entry : entries) {
    if (open != entry.file) in = std::ifstream(files[open = entry.file], std::ios::binary);
    std::string text;
    in.seekg(entry.offset);
    std::getline(in, text);
    const std::string name = one_line(files[entry.file].string());
    if (!in) throw FileError(name + ": changed while it was read");
    ItemLine line = parse_item_line(text, name);
    line.item = entry.item;
    use(entry.file, line);
    out.add(to_text(line) + "\n");
  }
  out.commit();
}

/// Leaves the first line of each item, in the order of the items.
void sort_once(std::vector<Entry>& entries) {
  std::ranges::stable_sort(entries, {}, &Entry::item);
  const auto same_item = [](const Entry& a, const Entry& b) { return a.item == b.item; };
  entries.erase(std::unique(entries.begin(), entries.end(), same_item), entries.end());
}

}  // namespace

void begin_results(const fs::path& run) {
  if (!fs::exists(run / results_name)) write_atomically(run / results_name, "");
}

void read_results(const fs::path& run, const std::function<void(const ItemLine&, const std::string&)>& use) {
  std::set<std::int64_t> items;
  read_lines(run / results_name, [&](const ItemLine& line, const std::string& where, std::streamoff) {
    if (!items.insert(line.item).second)
      throw FileError(where + ": a second line of item " + std::to_string(line.item));
    use(line, where);
  });
}

DoneItems done_items(const fs::path& run) {
  DoneItems done;
  read_results(run, [&](const ItemLine& line, const std::string&) {
    done.all.insert(line.item);
    if (line.status == Status::failed) done.failed.insert(line.item);
  });
  return done;
}

std::string rank_results(int rank) {
  return "results.rank" + std::to_string(rank) + ".jsonl";
}

std::int64_t count_results(const fs::path& run) {
  std::int64_t count = 0;
  for (const fs::path& file : result_files(run))
    read_lines(file, [&](const ItemLine&, const std::string&, std::streamoff) { ++count; });
  return count;
}

void settle_results(const fs::path& run) {
  const std::vector<fs::path> files = result_files(run);
  std::vector<Entry> entries;
  bool settled = files.size() == 1;
  for (std::size_t f = 0; f < files.size(); ++f) {
    settled &= read_lines(files[f], [&](const ItemLine& line, const std::string&, std::streamoff offset) {
      settled &= entries.empty() || entries.back().item < line.item;
      entries.push_back({line.item, f, offset});
    });
  }
  if (settled) return;
  // A line is there twice where a run was killed when the lines of a rank's file had just been taken over.
  sort_once(entries);
  write_results(run, files, entries);
  for (std::size_t f = 1; f < files.size(); ++f) fs::remove(files[f]);
}

std::int64_t keep_results(const fs::path& run,
                          const std::function<std::optional<std::int64_t>(const ItemLine&)>& item_of,
                          const std::function<void()>& before) {
  const fs::path file = run / results_name;
  std::vector<Entry> entries;
  std::int64_t dropped = 0;
  bool same = true;
  read_lines(file, [&](const ItemLine& line, const std::string&, std::streamoff offset) {
    const std::optional<std::int64_t> item = item_of(line);
    same &= item && line.item == *item;
    if (item) {
      entries.push_back({*item, 0, offset});
    } else {
      ++dropped;
    }
  });
  before();
  if (same) return 0;
  std::ranges::sort(entries, {}, &Entry::item);
  write_results(run, {file}, entries);
  return dropped;
}

void merge_results(const std::vector<fs::path>& runs, const fs::path& into,
                   const std::function<void(std::size_t, const ItemLine&)>& use) {
  std::vector<fs::path> files;
  std::vector<Entry> whole, failed;
  for (const fs::path& run : runs) {
    if (result_files(run).size() > 1) {
      throw FileError(one_line(run.string()) +
                      ": its ranks were stopped before they put their results together; faceoff run --resume does it");
    }
    files.push_back(run / results_name);
    read_lines(files.back(), [&](const ItemLine& line, const std::string&, std::streamoff offset) {
      (line.status == Status::failed ? failed : whole).push_back({line.item, files.size() - 1, offset});
    });
  }
  whole.insert(whole.end(), failed.begin(), failed.end());
  sort_once(whole);
  write_results(into, files, whole, use);
}

std::int64_t missing_items(const fs::path& run) {
  const std::optional<Environment> about = read_environment(run);
  if (!about) return 0;
  return about->items_here - static_cast<std::int64_t>(done_items(run).all.size());
}

}  // namespace faceoff
