// faceoff view: a run, or a photo that was protected, as a page.
#include "report/view.hpp"

#include <faceoff/error.hpp>

#include <climits>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/one_line.hpp"
#include "cli/commands.hpp"
#include "cli/process.hpp"
#include "protect/done_list.hpp"
#include "run/results.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// What a page is about, and where it is written unless somebody says where.
struct Viewed {
  std::string name;
  fs::path page;
  std::vector<ViewedItem> items;
};

bool there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// The items of a run that `wanted` names, or all.
std::vector<ViewedItem> items_of(const fs::path& run, const std::function<bool(const ItemLine&)>& wanted) {
  const std::optional<Environment> about = read_environment(run);
  std::vector<ViewedItem> items;
  read_results(run, [&](const ItemLine& line, const std::string& where) {
    if (!wanted(line)) return;
    const Environment::Variant* judging = about ? about->variant(line.variant) : nullptr;
    if (judging == nullptr)
      throw FileError(where + ": " + (run / "environment.json").string() + " is gone, or not as this run wrote it");
    items.push_back({run, *judging, line});
  });
  return items;
}

Viewed view_of_run(const fs::path& run) {
  const fs::path plain = fs::absolute(run / "").lexically_normal().parent_path();
  return {plain.filename().string(), run / "view.html", items_of(run, [](const ItemLine&) { return true; })};
}

/// What a line of what was protected is about.
std::optional<ViewedItem> item_of(const DoneList& list, const DoneLine& done) {
  std::vector<ViewedItem> items =
      items_of(list.absolute(done.run), [&](const ItemLine& line) { return line.item == done.item; });
  if (items.empty()) return std::nullopt;
  return std::move(items.front());
}

/// All that was protected in a folder.
Viewed view_of_folder(const fs::path& folder) {
  const DoneList list(folder);
  std::map<fs::path, std::set<std::int64_t>> runs;
  for (const DoneLine* done : list.last()) runs[list.absolute(done->run)].insert(done->item);
  Viewed viewed{folder.filename().string(), list.folder() / "view.html", {}};
  for (const auto& [run, items] : runs) {
    for (ViewedItem& one : items_of(run, [&](const ItemLine& line) { return items.contains(line.item); }))
      viewed.items.push_back(std::move(one));
  }
  return viewed;
}

/// One photo, as it was or as it was delivered. What is known of it is where it was delivered to: in its folder, or in
/// one about it, or beside that in FOLDER.faceoff.
std::optional<Viewed> view_of_photo(const fs::path& photo) {
  for (fs::path folder = photo.parent_path();; folder = folder.parent_path()) {
    for (const fs::path& root : {folder, fs::path(folder.string() + ".faceoff")}) {
      if (!there(root / ".faceoff")) continue;
      const DoneList list(root);
      const DoneLine* done = list.find_output(photo);
      if (done == nullptr) done = list.find(photo);
      std::optional<ViewedItem> item = done != nullptr ? item_of(list, *done) : std::nullopt;
      if (!item) continue;
      // Not beside what is to be published: it shows the faces as they were.
      const fs::path stem = done->output.empty() ? photo.stem() : fs::path(done->output).stem();
      return Viewed{photo.filename().string(), list.folder() / (stem.string() + ".html"), {std::move(*item)}};
    }
    if (folder == folder.parent_path()) return std::nullopt;
  }
}

/// A picture that a run delivered, in the run's images.
std::optional<Viewed> view_of_output(const fs::path& picture) {
  const fs::path run = picture.parent_path().parent_path().parent_path();
  if (!there(run / "results.jsonl")) return std::nullopt;
  const std::string output = picture.lexically_relative(run).string();
  std::vector<ViewedItem> items = items_of(run, [&](const ItemLine& line) { return line.output == output; });
  if (items.empty()) return std::nullopt;
  return Viewed{picture.filename().string(), run / ("view-" + picture.stem().string() + ".html"), std::move(items)};
}

Viewed viewed(const fs::path& what) {
  std::error_code ignored;
  const std::string said = one_line(what.string(), PATH_MAX);
  if (!there(what)) throw MissingFile("no run and no photo " + said, what);
  const fs::path whole = fs::absolute(what).lexically_normal();
  if (fs::is_directory(what, ignored)) {
    if (there(what / "results.jsonl")) return view_of_run(what);
    const fs::path folder = whole.has_filename() ? whole : whole.parent_path();
    for (const fs::path& root : {folder, fs::path(folder.string() + ".faceoff")}) {
      if (there(root / ".faceoff")) return view_of_folder(root);
    }
    throw ConfigError(said + ": no run (no results.jsonl), and nothing was protected in it");
  }
  if (std::optional<Viewed> photo = view_of_photo(whole)) return std::move(*photo);
  if (std::optional<Viewed> output = view_of_output(whole)) return std::move(*output);
  throw ConfigError(said +
                    ": nothing says what was done to it; protect it first, or name what was delivered, or a run");
}

int view(const Arguments& given) {
  const Viewed what = viewed(given.text("what"));
  if (what.items.empty())
    throw ConfigError(given.text("what") + ": nothing was done in it yet, so there is nothing to see");
  const fs::path page = given.has("out") ? fs::path(given.text("out")) : what.page;
  write_page(page, view_page(what.name, what.items));
  print(page.string() + "\n");
  return static_cast<int>(ExitCode::done);
}

}  // namespace

Command view_command() {
  return Command("faceoff view RUN|PHOTO",
                 "Writes a page that shows pictures before and after, what was changed, and what each model says.",
                 view)
      .operand("what", 1, "view needs a run's folder, a folder that photos were delivered to, or a photo")
      .text("out,o", "the page; else it is in the run's folder, or in .faceoff where photos were delivered");
}

}  // namespace faceoff
