#include "cli/run_items.hpp"

#include <faceoff/random.hpp>

#include <algorithm>
#include <chrono>
#include <climits>
#include <iostream>
#include <set>
#include <utility>

#include "attack/item.hpp"
#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/summary.hpp"
#include "host/black_box.hpp"
#include "host/exception.hpp"
#include "host/record.hpp"
#include "host/suggest.hpp"
#include "host/trace_files.hpp"
#include "picture/files.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

std::vector<const PluginInfo*> plugins_of(const std::vector<Experiment>& experiments) {
  std::vector<const PluginInfo*> used;
  const auto add = [&](const PluginConfig& config) {
    if (std::ranges::find(used, config.info) == used.end()) used.push_back(config.info);
  };
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

/// What was asked for of an item's steps.
void keep_trace(const RunFolder& run, const ItemRecord& record, const Experiment& experiment, const ItemReport& report,
                bool tensorboard) {
  remove_traces(run.path(), record.output);
  if (report.status != Status::protected_) return;
  if (experiment.traces) write_trace(run.path(), record.output, report.trace);
  if (tensorboard) write_tensorboard(run.path(), record.output, record.picture, report.trace);
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
  std::vector<std::string> names;
  for (const Person& person : gallery.people()) names.push_back(person.name);
  for (const TargetConfig& target : experiment.targets) {
    if (target.choice != TargetConfig::Choice::named || std::ranges::find(names, target.name) != names.end()) continue;
    throw ConfigError("nobody is named '" + target.name + "' in [data] people" + did_you_mean(target.name, names),
                      target.place);
  }
  return galleries_.emplace(key, std::move(gallery)).first->second;
}

RunItems::RunItems(RunRequest request)
    : request_(std::move(request)), folders_(plugin_folders(request_.plugin_paths)), plugins_(folders_) {
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
  if (first() && request_.out) RunFolder::require_free(*request_.out);
  document_.emplace(request_.experiment, request_.sets);
  experiments_ = read_experiments(*document_, plugins_);  // which tells of a broken plugin that it names
  if (first()) {
    for (const BrokenPlugin& broken : plugins_.broken()) std::cerr << "warning: " << to_string(broken) << '\n';
  }
  pool_.emplace(plugins_, setup_on(experiments_.front().device), read_calibrations(folders_));
  build();
  if (!first()) return;
  for (const std::string& warning : pool_->warnings()) std::cerr << "warning: " << one_line(warning, PATH_MAX) << '\n';
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

void RunItems::build() {
  diagnostics_.emplace(document_->sources());
  for (const Experiment& experiment : experiments_) {
    for (const std::string& name : experiment.used_models())
      checked(*diagnostics_, [&] { pool_->get(name, experiment.models.at(name)); });
  }
  diagnostics_->throw_if_any();
  for (const Experiment& experiment : experiments_) {
    checked(*diagnostics_, [&] { prepared_.push_back({std::make_unique<Assembly>(experiment, *pool_), nullptr, {}}); });
  }
  diagnostics_->throw_if_any();
}

void RunItems::read_people(Progress& progress) {
  const auto notice = [&](const std::string& line) {
    if (first()) progress.say(line);
  };
  for (Prepared& variant : prepared_) {
    checked(*diagnostics_, [&] {
      const Experiment& experiment = variant.assembly->experiment;
      variant.gallery = &galleries_.get(*variant.assembly, notice);
      for (const TargetConfig& target : experiment.targets) {
        if (target.choice == TargetConfig::Choice::photos)
          variant.photos[target.name] = Gallery::from_photos(portraying(*variant.assembly), target, notice);
      }
    });
  }
  diagnostics_->throw_if_any();
}

RunFolder RunItems::folder() const {
  if (!first()) return RunFolder(BlackBox::here().run.data());
  RunFolder run = RunFolder::make(request_.out ? *request_.out
                                               : RunFolder::fresh(experiments_.front().name, document_->whole_text()));
  std::vector<std::string> command = {"faceoff", "run"};
  command.insert(command.end(), request_.args.begin(), request_.args.end());
  run.write("experiment.toml", document_->text());
  std::vector<std::pair<std::string, const Resolved*>> resolved;
  for (const Experiment& experiment : experiments_) resolved.emplace_back(experiment.variant, &experiment.resolved);
  std::vector<const Assembly*> assemblies;
  for (const Prepared& variant : prepared_) assemblies.push_back(variant.assembly.get());
  run.write("resolved.toml", thresholds_of(assemblies) + to_toml(resolved) + document_->sweep());
  run.write("environment.json", environment(command, assemblies, *pool_, plugins_of(experiments_)));
  note(BlackBox::here().run, run.path().string());
  return run;
}

void RunItems::attack(const RunFolder& run, const Prepared& variant, const fs::path& picture, const std::string& stem,
                      std::int64_t item, Progress& progress) const {
  const Experiment& experiment = variant.assembly->experiment;
  ItemRecord record{item, picture,   run.picture_place(experiment.variant, stem, experiment.encoding.format).string(),
                    0,    utc_now(), {}};
  const auto start = std::chrono::steady_clock::now();
  progress.start_item(picture.filename().string());
  BlackBox& box = BlackBox::here();
  note(box.picture, picture.string());
  note(box.output, record.output);
  note(box.lost, result_line(record, experiment, ItemReport()));
  box.begin_item(item);
  const ItemReport report =
      attack_item(*variant.assembly, *variant.gallery, variant.photos, picture, run.path() / record.output,
                  [&](std::int64_t step, std::int64_t of) { progress.step(step, of); });
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  record.finished = utc_now();
  if (report.status == Status::no_face) record.output = as_it_was(record.output).string();
  keep_trace(run, record, experiment, report, request_.tensorboard);
  run.append_result(result_line(record, experiment, report));
  box.done = item + 1;
  box.end_item();
  for (const std::string& note : report.notes) progress.say(picture.string() + ": " + note);
  progress.end_item(item_line(*variant.assembly, picture.string(), report, record.seconds));
}

Done RunItems::run() {
  BlackBox& box = BlackBox::here();
  std::int64_t count = 0;
  for (const Experiment& experiment : experiments_) count += static_cast<std::int64_t>(experiment.pictures.size());
  box.items = count;
  Progress progress(count, box.done);
  read_people(progress);
  const Interrupt interrupt;  // before this there is nothing to save
  const RunFolder run = folder();
  std::int64_t item = 0;
  for (const Prepared& variant : prepared_) {
    const std::map<fs::path, std::string> stems = delivered_stems(variant.assembly->experiment.pictures);
    for (const fs::path& picture : variant.assembly->experiment.pictures) {
      if (item++ < box.done) continue;
      if (Interrupt::received() != 0) break;
      attack(run, variant, picture, stems.at(picture), item - 1, progress);
    }
  }
  return {run.path(), box.done, count, Interrupt::received()};
}

}  // namespace faceoff
