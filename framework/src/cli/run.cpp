// faceoff run: an experiment from its file to its run folder.
#include <boost/program_options/value_semantic.hpp>

#include <algorithm>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <sstream>

#include "attack/assembly.hpp"
#include "attack/gallery.hpp"
#include "attack/item.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "cli/summary.hpp"
#include "host/document.hpp"
#include "host/exception.hpp"
#include "host/experiment.hpp"
#include "host/record.hpp"
#include "host/run_folder.hpp"
#include "host/suggest.hpp"

namespace faceoff {

namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

/// The first Ctrl-C (or SIGTERM) lets the item finish, the second one ends the process.
class Interrupt {
 public:
  Interrupt() {
    struct sigaction action {};
    action.sa_handler = [](int signal) {
      received_ = signal;
      ::signal(SIGINT, SIG_DFL);
      ::signal(SIGTERM, SIG_DFL);
    };
    action.sa_flags = SA_RESTART;  // a write under way goes on
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
  }
  static int received() { return received_; }

 private:
  static inline volatile std::sig_atomic_t received_ = 0;
};

po::options_description options() {
  po::options_description all("faceoff run EXPERIMENT.toml");
  all.add_options()                                                           //
      ("help,h", "show this")                                                 //
      ("experiment", po::value<std::string>(), "the experiment's TOML file")  //
      ("set", po::value<std::vector<std::string>>()->composing(),
       "KEY=VALUE: put a value in place of the file's; VALUE is TOML, else a string; may be repeated")   //
      ("out", po::value<std::string>(), "the run's folder, absent or empty; else one is made in runs/")  //
      ("dry-run", "build and check every plugin, list the items, touch no picture, write nothing")       //
      ("plugin-path", po::value<std::vector<std::string>>()->composing(),
       "a folder with more plugins; may be repeated");
  return all;
}

std::vector<std::string> list(const po::variables_map& values, const char* name) {
  return values.contains(name) ? values[name].as<std::vector<std::string>>() : std::vector<std::string>();
}

Setup setup_for(const Experiment& experiment) {
  Setup setup;
  setup.device = experiment.device;
  if (const char* models = std::getenv("FACEOFF_MODELS"); models != nullptr && *models != '\0')
    setup.models.emplace_back(models);
  setup.models.emplace_back(FACEOFF_MODELS_FOLDER);
  return setup;
}

/// The people that a variant's targets are chosen from; variants that look at the same people with the same models
/// share.
class Galleries {
 public:
  const Gallery& get(const Assembly& assembly, Progress& progress) {
    const Experiment& experiment = assembly.experiment;
    if (experiment.target.choice == TargetConfig::Choice::none ||
        experiment.target.choice == TargetConfig::Choice::photos)
      return none_;
    Key key{{assembly.detector, assembly.landmarks}, experiment.minimum_score, experiment.people};
    for (const Judge& judge : assembly.judges) key.models.push_back(judge.model);
    const auto found = galleries_.find(key);
    if (found != galleries_.end()) return found->second;
    Gallery gallery = Gallery::read(assembly, experiment.people, [&](const std::string& line) { progress.say(line); });
    if (gallery.people().empty()) throw ConfigError("no face on any picture of people", experiment.people_place);
    const bool named =
        std::ranges::any_of(gallery.people(), [&](const Person& p) { return p.name == experiment.target.name; });
    if (experiment.target.choice == TargetConfig::Choice::named && !named) {
      std::vector<std::string> names;
      for (const Person& person : gallery.people()) names.push_back(person.name);
      throw ConfigError("nobody is named '" + experiment.target.name + "' in [data] people" +
                            did_you_mean(experiment.target.name, names),
                        experiment.target.place);
    }
    return galleries_.emplace(key, std::move(gallery)).first->second;
  }

 private:
  struct Key {
    std::vector<const LoadedModel*> models;
    double minimum_score = 0;
    std::vector<std::string> people;
    auto operator<=>(const Key&) const = default;
  };
  Gallery none_;
  std::map<Key, Gallery> galleries_;
};

/// Everything of one variant that is ready to attack.
struct Prepared {
  std::unique_ptr<Assembly> assembly;
  const Gallery* gallery = nullptr;
  std::optional<Person> fixed;  ///< the target's photos
};

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

}  // namespace

int run_command(std::vector<std::string> args) {
  po::positional_options_description positional;
  positional.add("experiment", 1);
  const po::variables_map values = parse_options(args, options(), positional);
  if (values.contains("help")) {
    std::ostringstream text;
    text << options();
    print(text.str());
    return static_cast<int>(ExitCode::done);
  }
  if (!values.contains("experiment")) throw ConfigError("run needs an experiment: faceoff run EXPERIMENT.toml");

  const std::vector<fs::path> folders = plugin_folders(list(values, "plugin-path"));
  const PluginLibrary plugins(folders);
  for (const BrokenPlugin& broken : plugins.broken()) std::cerr << "warning: " << to_string(broken) << '\n';

  const std::optional<fs::path> out =
      values.contains("out") ? std::optional<fs::path>(values["out"].as<std::string>()) : std::nullopt;
  if (out) RunFolder::require_free(*out);
  const Document document(values["experiment"].as<std::string>(), list(values, "set"));
  const std::vector<Experiment> experiments = read_experiments(document, plugins);
  const Experiment& first = experiments.front();

  // Everything is built and checked before the first forward and before anything is written.
  ModelPool pool(plugins, setup_for(first), read_calibrations(folders));
  std::vector<Prepared> prepared;
  Diagnostics diagnostics(document.file(), document.text());
  const auto checked = [&](const auto& build) {
    try {
      build();
    } catch (const ConfigError& error) {
      diagnostics.add(error.place(), error.what());
    }
  };
  for (const Experiment& experiment : experiments) {
    for (const std::string& name : experiment.used_models()) {
      checked([&] { pool.get(name, experiment.models.at(name)); });
    }
  }
  diagnostics.throw_if_any();
  for (const Experiment& experiment : experiments) {
    checked([&] { prepared.push_back({std::make_unique<Assembly>(experiment, pool), nullptr, std::nullopt}); });
  }
  diagnostics.throw_if_any();

  if (values.contains("dry-run")) {
    std::string text;
    for (const Experiment& experiment : experiments) {
      for (const fs::path& picture : experiment.pictures)
        text += experiment.variant + "\t" + one_line(picture.string(), PATH_MAX) + "\n";
    }
    print(text);
    return static_cast<int>(ExitCode::done);
  }

  std::size_t count = 0;
  for (const Experiment& experiment : experiments) count += experiment.pictures.size();
  Progress progress(static_cast<std::int64_t>(count));
  Galleries galleries;
  for (Prepared& variant : prepared) {
    checked([&] {
      const Experiment& experiment = variant.assembly->experiment;
      variant.gallery = &galleries.get(*variant.assembly, progress);
      if (experiment.target.choice == TargetConfig::Choice::photos) {
        variant.fixed = Gallery::from_photos(*variant.assembly, experiment.target.photos,
                                             [&](const std::string& line) { progress.say(line); });
      }
    });
  }
  diagnostics.throw_if_any();

  const Interrupt interrupt;  // before this there is nothing to save
  const RunFolder run(out ? *out : RunFolder::fresh(first.name, document.text()));
  std::vector<std::string> command = {"faceoff", "run"};
  command.insert(command.end(), args.begin(), args.end());
  run.write("experiment.toml", document.text());
  std::vector<std::pair<std::string, const Resolved*>> resolved;
  for (const Experiment& experiment : experiments) resolved.emplace_back(experiment.variant, &experiment.resolved);
  run.write("resolved.toml", document.with_sweep(to_toml(resolved)));
  run.write("environment.json", environment(command, experiments, pool, plugins_of(experiments))
                                        .dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                                    "\n");

  Summary summary;
  std::size_t item = 0;
  for (const Prepared& variant : prepared) {
    const Experiment& experiment = variant.assembly->experiment;
    const std::map<fs::path, std::string> stems = delivered_stems(experiment.pictures);
    for (const fs::path& picture : experiment.pictures) {
      if (Interrupt::received() != 0) break;
      ItemRecord record{item++, picture,   run.picture_place(experiment.variant, stems.at(picture)).string(),
                        0,      utc_now(), {}};
      progress.start_item(picture.filename().string());
      const auto start = std::chrono::steady_clock::now();
      const ItemReport report =
          attack_item(*variant.assembly, *variant.gallery, variant.fixed, picture, run.path() / record.output,
                      [&](std::int64_t step, std::int64_t of) { progress.step(step, of); });
      record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      record.finished = utc_now();
      run.append_result(to_json(record, experiment, report));
      for (const std::string& note : report.notes) progress.say(picture.string() + ": " + note);
      summary.add(*variant.assembly, report);
      progress.end_item(item_line(*variant.assembly, picture.string(), report, record.seconds));
    }
  }
  std::cerr << summary.text(run.path());
  print(run.path().string() + "\n");
  if (Interrupt::received() != 0) {
    std::cerr << "stopped after " << item << " of " << count << " items, which are saved\n";
    return 128 + Interrupt::received();
  }
  return static_cast<int>(summary.failed() > 0 ? ExitCode::items_failed : ExitCode::done);
}

}  // namespace faceoff
