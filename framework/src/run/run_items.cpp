#include "run/run_items.hpp"

#include <faceoff/random.hpp>

#include <algorithm>
#include <climits>
#include <set>
#include <tuple>
#include <utility>

#include "base/files.hpp"
#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "plugins/black_box.hpp"
#include "plugins/plugin_config.hpp"
#include "run/environment.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// Comments that say where the judges' thresholds come from.
std::string thresholds_of(const std::vector<PreparedVariant>& variants) {
  std::set<std::string> lines;
  for (const PreparedVariant& variant : variants) {
    for (const Judge& judge : variant.judges.recognisers) {
      const Calibration* calibration = judge.model->calibration;
      lines.insert("# thresholds of " + one_line(judge.model->name) + ": " +
                   (calibration != nullptr ? one_line(calibration->file, PATH_MAX) : "none were measured") + "\n");
    }
  }
  return joined({lines.begin(), lines.end()}, "");
}

/// How many pictures an experiment attacks together, where it says so.
std::optional<std::int64_t> batch_of(const Document& document) {
  return document.tables(document.variants().front()).at_path("run.batch").value<std::int64_t>();
}

/// The same of a run.
std::optional<std::int64_t> batch_of_run(const fs::path& run) {
  if (!fs::exists(run / "resolved.toml")) return std::nullopt;
  return batch_of(Document(run / "resolved.toml", {}));
}

/// Whether this process begins the run, rather than taking it up from a worker that was ended.
bool first() {
  const BlackBox& box = BlackBox::here();
  return box.supervisor == 0 || box.run.front() == '\0';
}

/// Whether this process says what concerns all that do the run.
bool speaks() {
  return first() && Ranks::launched().value_or(0) == 0;
}

/// Throws ConfigError where a run's folder is another part's than this one's; the whole may go on with any part.
void require_shard_of(const fs::path& run, const Shard& shard) {
  const std::optional<Environment> about = read_environment(run);
  if (shard.whole() || !about || about->shard == shard.text()) return;
  throw ConfigError("--shard " + shard.text() + ": " + run.string() + " is " +
                    (about->shard ? "part " + *about->shard : std::string("a whole run")) + "; nothing was changed");
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

RunItems::RunItems(RunRequest request, RunObserver& observer)
    : request_(std::move(request)),
      observer_(observer),
      folders_(plugin_folders(request_.plugin_paths)),
      plugins_(folders_),
      galleries_([this](const std::string& line) {
        if (speaks()) observer_.say(line);
      }) {
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
  if (request_.resume && request_.out && !parse_sets(request_.sets).at_path("run.batch")) {
    // What is done can only be kept where pictures are attacked together as they were.
    const std::optional<std::int64_t> batch = batch_of_run(*request_.out);
    if (batch && *batch != batch_of(*document_).value_or(usual_batch)) {
      request_.sets.push_back("run.batch=" + std::to_string(*batch));
      document_.emplace(request_.experiment, request_.sets);
    }
  }
  experiments_ = read_experiments(*document_, plugins_);  // which tells of a broken plugin that it names
  if (speaks()) {
    for (const BrokenPlugin& broken : plugins_.broken()) observer_.say("warning: " + to_string(broken));
  }
  if (const auto threads = static_cast<int>(experiments_.front().threads); threads > 0) threads_.emplace(threads);
  pool_.emplace(plugins_, setup_on(experiments_.front().device), read_calibrations(folders_));
  build();
  if (!speaks()) return;
  for (const std::string& warning : pool_->warnings()) observer_.say("warning: " + warning);
  for (const std::string& line : words_of(experiments_.front().left_out)) observer_.say("left out: " + line);
}

std::vector<const PluginInfo*> RunItems::used_plugins() const {
  std::vector<const PluginInfo*> used;
  const auto add = [&](const PluginConfig& config) { add_once(used, config.info); };
  for (const Experiment& experiment : experiments_) {
    for (const auto& [name, model] : experiment.models) add(model);
    for (const LossConfig& loss : experiment.losses) add(loss.plugin);
    for (const AugmentationConfig& augmentation : experiment.augmentations) add(augmentation.plugin);
    add(experiment.optimizer);
  }
  for (const auto& [key, model] : pool_->all()) add_once(used, plugins_.find(Kind::model, model->plugin));
  return used;
}

std::string RunItems::plan() const {
  std::string plan = document_->whole_text() + listed();
  for (const PluginInfo* info : used_plugins()) plan += plugins_.sha256_of(*info);
  for (const auto& [key, model] : pool_->all()) plan += model->sha256;
  return plan;
}

std::vector<Item> RunItems::part() const {
  const ItemList items(prepared_);
  std::vector<Item> all;
  for (std::int64_t group = 0; group < items.groups(); ++group) {
    if (!request_.shard.has(group)) continue;
    for (const std::int64_t item : items.items_of(group)) all.push_back(items.at(item));
  }
  return all;
}

std::string RunItems::listed() const {
  std::string text;
  for (const Item& item : part())
    text += item.experiment().variant + "\t" + one_line(item.picture.string(), PATH_MAX) + "\n";
  return text;
}

void RunItems::build() {
  Diagnostics diagnostics(document_->sources());
  for (const Experiment& experiment : experiments_) {
    for (const std::string& name : experiment.used_models())
      checked(diagnostics, [&] { pool_->get(name, experiment.models.at(name)); });
  }
  diagnostics.throw_if_any();
  for (const Experiment& experiment : experiments_)
    checked(diagnostics, [&] { prepared_.emplace_back().assembly = std::make_unique<Assembly>(experiment, *pool_); });
  diagnostics.throw_if_any();
  std::vector<const LoadedModel*> attacked;
  for (const PreparedVariant& variant : prepared_) {
    for (const LoadedModel* surrogate : variant.assembly->surrogates) add_once(attacked, surrogate);
  }
  for (PreparedVariant& variant : prepared_) {
    checked(diagnostics, [&] {
      const Assembly& assembly = *variant.assembly;
      variant.judges = judges_of(assembly.experiment, *pool_, assembly.surrogates, attacked);
      variant.evaluator = &evaluator_for(variant.judges);
    });
  }
  diagnostics.throw_if_any();
}

Evaluator& RunItems::evaluator_for(const Judges& judges) {
  Examination wanted = examination(judges, {parse_degradation("png")});
  const auto found = std::ranges::find_if(evaluators_, [&](const Evaluator& evaluator) {
    const Examination& there = evaluator.examination();
    return std::tie(there.by.detector, there.by.landmarks, there.by.minimum_score, there.by.models, there.detectors) ==
           std::tie(wanted.by.detector, wanted.by.landmarks, wanted.by.minimum_score, wanted.by.models,
                    wanted.detectors);
  });
  return found != evaluators_.end() ? *found : evaluators_.emplace_back(std::move(wanted));
}

void RunItems::read_people() {
  Diagnostics diagnostics(document_->sources());
  for (PreparedVariant& variant : prepared_)
    checked(diagnostics, [&] { variant.people = galleries_.read(*variant.assembly, variant.judges); });
  diagnostics.throw_if_any();
}

void RunItems::describe(const fs::path& run, const ItemList& items) const {
  std::vector<std::string> command = {"faceoff", "run"};
  command.insert(command.end(), request_.args.begin(), request_.args.end());
  std::vector<std::pair<std::string, const Resolved*>> resolved;
  for (const Experiment& experiment : experiments_) resolved.emplace_back(experiment.variant, &experiment.resolved);
  Environment about = environment_here(command, *pool_, used_plugins());
  about.plan = items.key();
  about.items = items.size();
  about.items_here = items_here(items);
  about.left_out = experiments_.front().left_out;
  for (const Experiment& experiment : experiments_) {
    if (experiment.left_out == experiments_.front().left_out) continue;
    for (const LeftOut& one : experiment.left_out) add_once(about.left_out, one);
  }
  if (!request_.shard.whole()) about.shard = request_.shard.text();
  for (const PreparedVariant& variant : prepared_)
    about.variants.push_back(judged_variant(variant.assembly->experiment, variant.judges));
  // The first one: what has it is a run.
  write_atomically(run / "environment.json", to_text(about));
  write_atomically(run / "experiment.toml", document_->text());
  write_atomically(run / "resolved.toml", thresholds_of(prepared_) + to_toml(resolved) + document_->sweep());
  begin_results(run);
}

void RunItems::make(const fs::path& path, const ItemList& items) {
  RunFolder::make(path);
  lock_.emplace(path, [&](const std::string& line) { observer_.say(line); });
  describe(path, items);
}

std::optional<std::int64_t> RunItems::finished(const fs::path& run, const ItemList& items, const ItemLine& line,
                                               bool failures_too) const {
  const bool failed = line.status == Status::failed;
  if (failed && !failures_too) return std::nullopt;
  const std::optional<std::int64_t> item = items.find(line);
  if (!item || line.key.empty() || line.key != items.key_of(*item)) return std::nullopt;
  if (failed) return item;
  if (!is_file_of(run / line.output, line.output_sha256)) return std::nullopt;
  if (!was_attacked(line.status)) return item;
  const auto there = [&](const fs::path& place) { return fs::exists(run / place) && !fs::is_symlink(run / place); };
  if (items.at(*item).experiment().traces && !there(trace_place(line.output))) return std::nullopt;
  if (request_.events && !there(tensorboard_place(line.output))) return std::nullopt;
  return item;
}

void RunItems::resume(const fs::path& path, const ItemList& items, bool failures_too) {
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
  const auto item_of = [&](const ItemLine& line) {
    if (line.status != Status::failed) RunFolder::places(line.output);  // which refuses what is none
    const std::optional<std::int64_t> item = finished(path, items, line, failures_too);
    done += item ? 1 : 0;
    if (line.status != Status::failed) (item ? kept : other).insert(line.output);
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
  describe(path, items);
  const std::int64_t all = items_here(items);
  observer_.say("resumed: " + std::to_string(done) + " of " + std::to_string(all) + " items are kept, " +
                std::to_string(all - done) + " are left" +
                (dropped > 0 ? "; " + std::to_string(dropped) + " that failed or are not the same any more are dropped"
                             : std::string()));
  if ((dropped > 0 || done < all) && run.remove_evaluation())
    observer_.say("the evaluation of what was there is removed: evaluate again");
}

std::optional<RunFolder> RunItems::folder(const ItemList& items) {
  BlackBox& box = BlackBox::here();
  if (!first()) {
    lock_.emplace(box.run.data(), [&](const std::string& line) { observer_.say(line); });
    return RunFolder(box.run.data());
  }
  fs::path path;
  if (!ranks_ || ranks_->first()) {
    const std::optional<fs::path> begun = ranks_ ? ranks_->begun() : std::nullopt;
    const Shard& shard = request_.shard;
    const std::string part =
        shard.whole() ? "" : "-part" + std::to_string(shard.index) + "of" + std::to_string(shard.of);
    if (begun) {
      path = *begun;
    } else {
      path = request_.out ? *request_.out : RunFolder::fresh(experiments_.front().name + part, document_->whole_text());
    }
    const bool goes_on = begun || request_.resume;
    if (!goes_on) RunFolder::require_free(path);
    if (ranks_) ranks_->begin(path);
    if (goes_on) {
      resume(path, items, begun.has_value());
    } else {
      make(path, items);
    }
  }
  if (ranks_ && !ranks_->meet(items.key(), [&] { return observer_.stop(); })) return std::nullopt;
  if (ranks_ && !ranks_->first()) path = ranks_->begun().value();
  note(box.run, path.string());
  return ranks_ ? RunFolder(path, rank_results(ranks_->rank())) : RunFolder(path);
}

std::int64_t RunItems::items_here(const ItemList& items) const {
  std::int64_t count = 0;
  for (std::int64_t group = 0; group < items.groups(); ++group) {
    if (request_.shard.has(group)) count += static_cast<std::int64_t>(items.items_of(group).size());
  }
  return count;
}

Done RunItems::run() {
  BlackBox& box = BlackBox::here();
  if (Ranks::launched()) ranks_.emplace([&](const std::string& line) { observer_.say(line); });
  const bool told = !ranks_ || ranks_->first();
  read_people();
  for (PreparedVariant& variant : prepared_) variant.key = variant_key(variant, *pool_);
  const ItemList items(prepared_);
  box.items = items_here(items);
  const std::optional<RunFolder> run = folder(items);
  if (!run) return {{}, 0, box.items, false};

  const DoneItems done = done_items(run->path());
  box.done = static_cast<std::int64_t>(done.all.size());
  std::vector<std::int64_t> left;  // groups
  for (std::int64_t group = 0; group < items.groups(); ++group) {
    const ItemList::Numbers numbers = items.items_of(group);
    const bool whole = std::ranges::all_of(numbers, [&](std::int64_t item) { return done.all.contains(item); });
    if (!whole && request_.shard.has(group)) left.push_back(group);
  }
  observer_.begin(box.items, box.done, ranks_ ? ranks_->rank() : -1);
  std::int64_t taken = 0;
  const auto take = [&]() -> std::optional<std::int64_t> {
    const auto place = static_cast<std::size_t>(ranks_ ? ranks_->take() : taken++);
    return place < left.size() ? std::optional(left[place]) : std::nullopt;
  };
  attack_batches(*run, items, done, take, request_.events, observer_);
  const bool together = !ranks_ || observer_.stop() || ranks_->finish([&] { return observer_.stop(); });
  if (told && together && !observer_.stop()) settle_results(run->path());
  return {run->path(), ranks_ ? count_results(run->path()) : box.done.load(), box.items, told};
}

}  // namespace faceoff
