#include "run/run_items.hpp"

#include <faceoff/random.hpp>

#include <algorithm>
#include <climits>
#include <set>
#include <utility>

#include "attack/cost.hpp"
#include "base/files.hpp"
#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "faces/targets.hpp"
#include "plugins/black_box.hpp"
#include "plugins/model_pool.hpp"
#include "plugins/plugin_config.hpp"
#include "plugins/thrown.hpp"
#include "run/attack_items.hpp"
#include "run/item_key.hpp"
#include "run/ranks.hpp"
#include "run/record.hpp"
#include "run/results.hpp"
#include "run/trace_files.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

std::vector<const PluginInfo*> plugins_of(const std::vector<Experiment>& experiments) {
  std::vector<const PluginInfo*> used;
  const auto add = [&](const PluginConfig& config) { add_once(used, config.info); };
  for (const Experiment& experiment : experiments) {
    for (const auto& [name, model] : experiment.models) add(model);
    for (const LossConfig& loss : experiment.losses) add(loss.plugin);
    for (const AugmentationConfig& augmentation : experiment.augmentations) add(augmentation.plugin);
    add(experiment.optimizer);
  }
  return used;
}

/// Comments that say where the judges' thresholds come from.
std::string thresholds_of(const std::vector<const Assembly*>& assemblies) {
  std::set<std::string> lines;
  for (const Assembly* assembly : assemblies) {
    for (const Judge& judge : assembly->judges) {
      const Calibration* calibration = judge.model->calibration;
      lines.insert("# thresholds of " + one_line(judge.model->name) + ": " +
                   (calibration != nullptr ? one_line(calibration->file, PATH_MAX) : "none were measured") + "\n");
    }
  }
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

/// Whether this process begins the run, rather than taking it up.
bool first() {
  return BlackBox::here().run.front() == '\0';
}

/// Whether this process says what concerns all that do the run.
bool speaks() {
  return first() && Ranks::launched().value_or(0) == 0;
}

/// Throws ConfigError where a run's folder is another part's than this one's; the whole may go on with any part.
void require_shard_of(const fs::path& run, const Shard& shard) {
  const Json about = read_environment(run);
  if (shard.whole() || about.is_null()) return;
  const Json there = about.value("shard", Json(nullptr));
  if (there == shard.text()) return;
  throw ConfigError("--shard " + shard.text() + ": " + run.string() + " is " +
                    (there.is_string() ? "part " + there.get<std::string>() : std::string("a whole run")) +
                    "; nothing was changed");
}

/// Runs something that may find a fault in the experiment.
template <class Work>
void checked(Diagnostics& diagnostics, const Work& work) {
  try {
    work();
  } catch (const ConfigError& error) {
    diagnostics.add(error.place(), error.what());
  }
}

}  // namespace

const Gallery& RunItems::Galleries::get(const Assembly& assembly,
                                        const std::function<void(const std::string&)>& notice) {
  const Experiment& experiment = assembly.experiment;
  const bool chosen_from = std::ranges::any_of(
      experiment.targets, [](const TargetConfig& target) { return target.choice != TargetConfig::Choice::photos; });
  const bool centred = includes(assembly.needs, Field::mean);
  if (!chosen_from && !centred) return none_;
  Key key{{assembly.detector, assembly.landmarks}, experiment.minimum_score, experiment.people};
  for (const Judge& judge : assembly.judges) key.models.push_back(judge.model);
  const auto found = galleries_.find(key);
  if (found != galleries_.end()) return found->second;
  Gallery gallery;
  try {
    gallery = Gallery::read(portraying(assembly), experiment.people, notice);
  } catch (const ConfigError& error) {
    throw ConfigError(error.what(), experiment.people_place);
  }
  if (gallery.people().empty()) throw ConfigError("no face on any picture of people", experiment.people_place);
  if (centred && gallery.people().size() < 2)
    throw ConfigError("only one person on the pictures of people, and nobody differs from the mean of one",
                      experiment.people_place);
  return galleries_.emplace(key, std::move(gallery)).first->second;
}

RunItems::RunItems(RunRequest request, RunObserver& observer)
    : request_(std::move(request)),
      observer_(observer),
      folders_(plugin_folders(request_.plugin_paths)),
      plugins_(folders_) {
  try {
    prepare();
  } catch (const ConfigError& error) {
    if (first()) throw;
    changed(std::string(": ") + error.what());
  }
  const std::uint64_t now = hash(plan());
  if (!first() && BlackBox::here().plan != now) changed("");
  BlackBox::here().plan = now;
}

void RunItems::changed(const std::string& how) const {
  throw ConfigError(request_.experiment + ": it, its pictures, plugins or weights changed while it ran" + how);
}

void RunItems::prepare() {
  // A launcher's ranks know once they have met whether they were started before.
  if (first() && request_.out && !Ranks::launched()) {
    request_.resume ? RunFolder::require_run(*request_.out) : RunFolder::require_free(*request_.out);
  }
  document_.emplace(request_.experiment, request_.sets);
  experiments_ = read_experiments(*document_, plugins_);  // which tells of a broken plugin that it names
  if (speaks()) {
    for (const BrokenPlugin& broken : plugins_.broken()) observer_.say("warning: " + to_string(broken));
  }
  pool_.emplace(plugins_, setup_on(experiments_.front().device), read_calibrations(folders_));
  build();
  if (!speaks()) return;
  for (const std::string& warning : pool_->warnings()) observer_.say("warning: " + warning);
}

std::string RunItems::plan() const {
  std::string plan = document_->whole_text() + listed();
  for (const PluginInfo* info : plugins_of(experiments_)) plan += sha256_file(plugins_.file_of(*info));
  for (const auto& [key, model] : pool_->all()) plan += model->sha256;
  return plan;
}

std::string RunItems::listed() const {
  std::string text;
  for (const Experiment& experiment : experiments_) {
    for (const fs::path& picture : experiment.pictures)
      text += experiment.variant + "\t" + one_line(picture.string(), PATH_MAX) + "\n";
  }
  return text;
}

std::vector<RunItems::Expected> RunItems::expected_time() const {
  // What a face costs is much the same whatever the budget and whoever it is to be taken for.
  const auto work_of = [](const Experiment& experiment) {
    static const std::set<std::string> other = {"[data]", "[attack.target]", "[evaluate]", ""};
    std::string text;
    for (const Resolved::Line& line : experiment.resolved.lines) {
      if (!other.contains(line.section) && line.key != "epsilon" && line.key != "norm")
        text += line.section + line.key + line.value + "\n";
    }
    return text;
  };
  std::map<std::string, Expected> of_a_face;
  std::vector<Expected> all;
  for (const PreparedVariant& variant : prepared_) {
    const Experiment& experiment = variant.assembly->experiment;
    const auto [face, is_new] = of_a_face.try_emplace(work_of(experiment));
    try {
      if (is_new) face->second.seconds = seconds_a_face(*variant.assembly);
    } catch (...) {
      face->second.unknown = what_was_thrown();
    }
    const std::size_t pictures = experiment.pictures.size();
    all.push_back(
        {experiment.variant, pictures, face->second.seconds * static_cast<double>(pictures), face->second.unknown});
  }
  return all;
}

void RunItems::build() {
  diagnostics_.emplace(document_->sources());
  for (const Experiment& experiment : experiments_) {
    for (const std::string& name : experiment.used_models())
      checked(*diagnostics_, [&] { pool_->get(name, experiment.models.at(name)); });
  }
  diagnostics_->throw_if_any();
  for (const Experiment& experiment : experiments_) {
    checked(*diagnostics_, [&] {
      prepared_.push_back({std::make_unique<Assembly>(experiment, *pool_), nullptr, {}, {}});
    });
  }
  diagnostics_->throw_if_any();
}

void RunItems::read_people() {
  const auto notice = [&](const std::string& line) {
    if (speaks()) observer_.say(line);
  };
  for (PreparedVariant& variant : prepared_) {
    checked(*diagnostics_, [&] {
      const Experiment& experiment = variant.assembly->experiment;
      variant.gallery = &galleries_.get(*variant.assembly, notice);
      require_targets(*variant.gallery, experiment.targets);
      for (const TargetConfig& target : experiment.targets) {
        if (target.choice == TargetConfig::Choice::photos)
          variant.photos[target.name] =
              Gallery::from_photos(portraying(*variant.assembly), target.name, target.photos, target.place, notice);
      }
    });
  }
  diagnostics_->throw_if_any();
}

void RunItems::describe(const RunFolder& run, const ItemList& items) const {
  std::vector<std::string> command = {"faceoff", "run"};
  command.insert(command.end(), request_.args.begin(), request_.args.end());
  std::vector<std::pair<std::string, const Resolved*>> resolved;
  for (const Experiment& experiment : experiments_) resolved.emplace_back(experiment.variant, &experiment.resolved);
  std::vector<const Assembly*> assemblies;
  for (const PreparedVariant& variant : prepared_) assemblies.push_back(variant.assembly.get());
  // The first one: what has it is a run.
  run.write("environment.json", environment(command, assemblies, *pool_, plugins_of(experiments_),
                                            {items.key(), items.size(), request_.shard}));
  run.write("experiment.toml", document_->text());
  run.write("resolved.toml", thresholds_of(assemblies) + to_toml(resolved) + document_->sweep());
}

RunFolder RunItems::make(const fs::path& path, const ItemList& items) {
  RunFolder run = RunFolder::make(path);
  lock_.emplace(path, [&](const std::string& line) { observer_.say(line); });
  describe(run, items);
  return run;
}

std::optional<std::int64_t> RunItems::finished(const fs::path& run, const ItemList& items, const Json& line,
                                               bool failures_too) const {
  const bool failed = line.at("status") == "failed";
  if (failed && !failures_too) return std::nullopt;
  const std::optional<std::int64_t> item = items.same(line);
  if (!item || failed) return item;
  std::vector<fs::path> places = {line.at("output").get<std::string>()};
  std::error_code gone;
  if (line.value("bytes", Json(nullptr)) != fs::file_size(run / places.front(), gone) || gone) return std::nullopt;
  if (line.at("status") == "protected") {
    if (items.at(*item).variant->assembly->experiment.traces) places.push_back(trace_place(places.front()));
    if (request_.events) places.push_back(tensorboard_place(places.front()));
  }
  const bool whole = std::ranges::all_of(
      places, [&](const fs::path& place) { return fs::exists(run / place) && !fs::is_symlink(run / place); });
  return whole ? item : std::nullopt;
}

RunFolder RunItems::resume(const fs::path& path, const ItemList& items, bool failures_too) {
  RunFolder::require_run(path);
  make_folder(path);
  lock_.emplace(path, [&](const std::string& line) { observer_.say(line); });
  RunFolder::require_run(path);  // nobody else changes it any more
  require_shard_of(path, request_.shard);
  const RunFolder run(path);
  remove_temporaries(path);
  settle_results(path);
  std::set<std::string> kept, other;  // delivered pictures
  std::int64_t done = 0;
  const auto item_of = [&](const Json& line) {
    const std::optional<std::int64_t> item = finished(path, items, line, failures_too);
    done += item ? 1 : 0;
    if (line.at("status") != "failed") {
      const std::string output = line.at("output");
      RunFolder::places(output);  // which refuses what is none
      (item ? kept : other).insert(output);
    }
    return item;
  };
  const std::int64_t dropped = keep_results(path, item_of, [&] {
    if (kept.empty() && !other.empty()) {
      throw ConfigError("--resume: none of the " + std::to_string(other.size()) + " items in " + path.string() +
                        " would come out the same, so nothing was changed; for another run name another --out");
    }
  });
  for (const std::string& output : other) {
    if (!kept.contains(output)) run.remove_item(output);
  }
  describe(run, items);
  const std::int64_t all = request_.shard.count(items.size());
  observer_.say("resumed: " + std::to_string(done) + " of " + std::to_string(all) + " items are kept, " +
                std::to_string(all - done) + " are left" +
                (dropped > 0 ? "; " + std::to_string(dropped) + " that failed or are not the same any more are dropped"
                             : std::string()));
  if ((dropped > 0 || done < all) && run.remove_evaluation())
    observer_.say("the evaluation of what was there is removed: evaluate again");
  return run;
}

std::optional<RunFolder> RunItems::folder(const ItemList& items) {
  BlackBox& box = BlackBox::here();
  if (!first()) {
    lock_.emplace(box.run.data(), [&](const std::string& line) { observer_.say(line); });
    return RunFolder(box.run.data());
  }
  const auto wanted = [&] {
    const std::string part = request_.shard.whole() ? ""
                                                    : "-part" + std::to_string(request_.shard.index) + "of" +
                                                          std::to_string(request_.shard.of);
    return request_.out ? *request_.out : RunFolder::fresh(experiments_.front().name + part, document_->whole_text());
  };
  std::optional<RunFolder> run;
  if (!ranks_) {
    run = request_.resume ? resume(wanted(), items, false) : make(wanted(), items);
  } else if (ranks_->first()) {
    const std::optional<fs::path> begun = ranks_->begun();
    const fs::path path = begun ? *begun : wanted();
    if (!begun && !request_.resume) RunFolder::require_free(path);
    ranks_->begin(path);
    run = begun || request_.resume ? resume(path, items, begun.has_value()) : make(path, items);
    if (!ranks_->meet(items.key(), [&] { return observer_.stop(); })) return std::nullopt;
  } else {
    if (!ranks_->meet(items.key(), [&] { return observer_.stop(); })) return std::nullopt;
    run.emplace(ranks_->begun().value());
  }
  if (ranks_) run = RunFolder(run->path(), rank_results(ranks_->rank()));
  note(box.run, run->path().string());
  return run;
}

Done RunItems::run() {
  BlackBox& box = BlackBox::here();
  if (Ranks::launched()) ranks_.emplace([&](const std::string& line) { observer_.say(line); });
  const bool told = !ranks_ || ranks_->first();
  read_people();
  for (PreparedVariant& variant : prepared_)
    variant.key = variant_key(*variant.assembly, *variant.gallery, variant.photos, *pool_);
  const ItemList items(prepared_);
  box.items = request_.shard.count(items.size());
  const std::optional<RunFolder> run = folder(items);
  if (!run) return {{}, 0, box.items, false};

  const std::set<std::int64_t> done = done_items(run->path());
  box.done = static_cast<std::int64_t>(done.size());
  std::vector<std::int64_t> left;
  for (std::int64_t item = 0; item < items.size(); ++item) {
    if (request_.shard.has(item) && !done.contains(item)) left.push_back(item);
  }
  observer_.begin(box.items, box.done, ranks_ ? ranks_->rank() : -1);
  std::int64_t taken = 0;
  const auto take = [&]() -> std::optional<std::int64_t> {
    const auto place = static_cast<std::size_t>(ranks_ ? ranks_->take() : taken++);
    return place < left.size() ? std::optional(left[place]) : std::nullopt;
  };
  attack_items(*run, items, take, request_.events, observer_);
  const bool together = !ranks_ || observer_.stop() || ranks_->finish([&] { return observer_.stop(); });
  if (told && together && !observer_.stop()) settle_results(run->path());
  return {run->path(), ranks_ ? count_results(run->path()) : box.done.load(), box.items, told};
}

}  // namespace faceoff
