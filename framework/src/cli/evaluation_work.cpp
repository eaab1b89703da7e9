#include "cli/evaluation_work.hpp"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <iostream>
#include <optional>
#include <set>
#include <utility>

#include "base/files.hpp"
#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "cli/options.hpp"
#include "faces/faces.hpp"
#include "faces/targets.hpp"
#include "picture/find_pictures.hpp"
#include "plugins/role.hpp"
#include "run/results.hpp"
#include "run/run_folder.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

constexpr Field sight = Field::scores | Field::boxes;

/// Puts a judge where its kind belongs, unless it is there. Throws ConfigError where another has its name.
void add_judge(Jury& jury, const LoadedModel& model, Role role) {
  const auto add = [&](std::vector<Judge>& judges) {
    if (std::ranges::any_of(judges, [&](const Judge& one) { return one.model->identity == model.identity; })) return;
    const auto there = std::ranges::find(judges, model.name, [](const Judge& one) { return one.model->name; });
    if (there != judges.end())
      throw ConfigError("--model " + model.name + ": the experiment calls another model so, which judges already");
    judges.push_back({&model, role});
  };
  if (includes(model.provides, Field::embedding)) add(jury.recognisers);
  if (includes(model.provides, sight)) add(jury.detectors);
}

/// The models of --model, which may be of either kind.
std::vector<const LoadedModel*> asked_for(const po::variables_map& given, NamedModels& models, const char* option) {
  std::vector<const LoadedModel*> found;
  for (const std::string& name : list(given, option)) {
    const LoadedModel& model = models.get(name, Field::none);
    if (!includes(model.provides, Field::embedding) && !includes(model.provides, sight)) {
      throw ConfigError("--" + std::string(option) + " " + name + ": it provides " + to_string(model.provides) +
                        ", and a judge needs embedding, or scores, boxes");
    }
    found.push_back(&model);
  }
  return found;
}

/// Finds and aligns faces: what is asked for, else this one unless it was attacked, else the first that was not.
const LoadedModel& detector_for(const po::variables_map& given, NamedModels& models, const LoadedModel* usual,
                                const std::vector<const LoadedModel*>& attacked) {
  if (given.contains("detector")) return models.get(given["detector"].as<std::string>(), sight);
  if (usual != nullptr && role_of(*usual, attacked) == Role::held_out) return *usual;
  for (const char* name : {"ssd_mobilenet_v1", "mtcnn", "tiny_face_detector"}) {
    try {
      const LoadedModel& other = models.get(name, sight);
      if (role_of(other, attacked) == Role::held_out) return other;
    } catch (const MissingFile&) {
      continue;  // its weights were never fetched
    }
  }
  throw ConfigError("every detector whose weights are there was attacked: name one that was not with --detector");
}

std::vector<Degradation> degradations(const po::variables_map& given, const std::vector<Degradation>& experiment) {
  std::vector<Degradation> all;
  std::vector<std::string> names;
  for (const std::string& name : list(given, "after")) add_once(names, name);
  for (const std::string& name : names) all.push_back(parse_degradation(name));
  if (!all.empty()) return all;
  if (!experiment.empty()) return experiment;
  for (const std::string& name : usual_degradations()) all.push_back(parse_degradation(name));
  return all;
}

/// How an experiment's targets are chosen, "furthest" or, for one a face, "named, named"; empty where there are none.
std::string choice_of(const Experiment& experiment) {
  std::vector<std::string> words;
  for (const TargetConfig& target : experiment.targets)
    words.push_back(target_choices[static_cast<std::size_t>(target.choice)]);
  return joined(words);
}

Case case_of(const Json& line, const fs::path& run) {
  Case one{line.at("picture").get<std::string>(), run / line.at("output").get<std::string>(), {}};
  one.faces.emplace();
  for (const Json& face : line.at("faces")) {
    const Json& box = face.at("box");
    const Json& target = face.at("target");
    one.faces->push_back(
        {{box.at(0), box.at(1), box.at(2), box.at(3)}, target.is_null() ? "" : target.get<std::string>()});
  }
  return one;
}

/// The picture of the same name, else the only one of the same stem, in a folder. Throws ConfigError where there is
/// none.
const fs::path& same_name(const std::vector<fs::path>& pictures, const fs::path& name, const std::string& folder) {
  const auto whole = std::ranges::find(pictures, name.filename(), &fs::path::filename);
  if (whole != pictures.end()) return *whole;
  const auto fits = [&](const fs::path& one) { return one.stem() == name.stem(); };
  const auto found = std::ranges::find_if(pictures, fits);
  if (found == pictures.end()) {
    throw ConfigError(name.string() + ": no picture of that name in " + folder +
                      ", where --clean says it is as it was");
  }
  if (std::ranges::count_if(pictures, fits) > 1)
    throw ConfigError(name.string() + ": several pictures of that name, but for their endings, in --clean " + folder);
  return *found;
}

}  // namespace

RunWork::RunWork(const fs::path& run, const po::variables_map& given, NamedModels& models)
    : document_(run / "resolved.toml", {}),
      experiments_(read_experiments(document_, models.plugins(), Files::may_be_gone)) {
  for (const Experiment& experiment : experiments_) {
    for (const std::string& name : experiment.used_models()) models.pool().get(name, experiment.models.at(name));
    assemblies_.push_back(std::make_unique<Assembly>(experiment, models.pool()));
  }
  prepare(run, given, models);
  read_results(run, [&](const Json& line, const std::string& where) { read_result(run, line, where); });
  work.missing = missing_items(run);
}

void RunWork::add_fixed(std::deque<Gallery>& kept) {
  for (std::size_t v = 0; v < experiments_.size(); ++v) {
    std::vector<Person> people;
    for (const TargetConfig& target : experiments_[v].targets) {
      if (target.choice != TargetConfig::Choice::photos || work.panel.by.models.empty()) continue;
      people.push_back(Gallery::from_photos(work.panel.by, target.name, target.photos, target.place,
                                            [](const std::string& line) { std::cerr << line << '\n'; }));
    }
    if (people.empty()) continue;
    kept.push_back(work.juries[v].people->with(people));
    work.juries[v].people = &kept.back();
  }
}

void RunWork::require_one_panel(const fs::path& run, const po::variables_map& given) const {
  const Experiment& first = experiments_.front();
  for (const Experiment& other : experiments_) {
    const auto same = [&](const char* key, const char* option, bool equal) {
      if (equal || given.contains(option)) return;
      throw ConfigError(one_line(run.string()) + ": it sweeps " + key +
                        ", and evaluate compares variants by one of these: run them apart");
    };
    same("data.people", "people", other.people == first.people);
    same("faces.detector", "detector", other.detector == first.detector);
    same("faces.landmarks", "landmarks", other.landmarks == first.landmarks);
    same("faces.minimum_score", "minimum-score", other.minimum_score == first.minimum_score);
    same("evaluate.after", "after",
         std::ranges::equal(other.after, first.after, {}, &Degradation::name, &Degradation::name));
  }
}

void RunWork::prepare(const fs::path& run, const po::variables_map& given, NamedModels& models) {
  require_one_panel(run, given);
  work.name = experiments_.front().name;
  work.out = run;
  work.people = experiments_.front().people;
  std::vector<const LoadedModel*> attacked;
  const std::vector<const LoadedModel*> more = asked_for(given, models, "model");
  for (const auto& assembly : assemblies_) {
    for (const LoadedModel* surrogate : assembly->surrogates) add_once(attacked, surrogate);
    Jury jury{assembly->judges, assembly->judging_detectors, {}};
    for (const LoadedModel* model : more) add_judge(jury, *model, role_of(*model, assembly->surrogates));
    for (const Judge& judge : jury.recognisers) add_once(work.panel.by.models, judge.model);
    for (const Judge& judge : jury.detectors) add_once(work.panel.detectors, judge.model);
    work.juries.push_back(std::move(jury));
  }
  Portraying& by = work.panel.by;
  by.detector = &detector_for(given, models, assemblies_.front()->detector, attacked);
  by.landmarks = assemblies_.front()->landmarks;
  const bool by_detector = includes(by.detector->provides, Field::landmarks) &&
                           std::ranges::all_of(by.models, [&](const LoadedModel* model) {
                             return why_not_aligned(*model, *by.detector, nullptr).empty();
                           });
  if (given.contains("landmarks") || (by.landmarks == nullptr && !by_detector)) {
    by.landmarks = &models.get(given.contains("landmarks") ? given["landmarks"].as<std::string>() : "face_landmark_68",
                               Field::landmarks);
  }
  by.minimum_score = experiments_.front().minimum_score;
  by.cache = usual_cache();
  work.panel.after = degradations(given, experiments_.front().after);
}

void RunWork::read_result(const fs::path& run, const Json& line, const std::string& where) {
  const std::string variant = line.at("variant");
  const auto found = std::ranges::find(experiments_, variant, &Experiment::variant);
  if (found == experiments_.end()) throw FileError(where + ": no variant '" + one_line(variant) + "' in resolved.toml");
  if (line.at("status") == "no_face") ++work.without_face;
  if (line.at("status") == "failed") ++work.failed;
  if (line.at("status") != "protected") return;
  work.tasks.push_back(
      {{line.at("item"), variant, line.at("picture"), line.at("output"), found->epsilon, choice_of(*found)},
       case_of(line, run),
       static_cast<std::size_t>(found - experiments_.begin())});
}

Work folder_work(const fs::path& folder, const po::variables_map& given, NamedModels& models) {
  for (const char* option : {"clean", "people", "out"}) {
    if (!given.contains(option)) {
      throw ConfigError(one_line(folder.string()) +
                        ": not a run's folder (no results.jsonl); for a folder of pictures, " +
                        "say --clean DIR --people DIR --out DIR");
    }
  }
  Work work;
  work.name = fs::absolute(folder / "").parent_path().filename().string();
  work.out = given["out"].as<std::string>();
  RunFolder::require_free(work.out);
  work.people = {given["people"].as<std::string>()};
  const std::vector<const LoadedModel*> attacked = asked_for(given, models, "attacked");
  std::vector<const LoadedModel*> judges = asked_for(given, models, "model");
  if (std::ranges::none_of(judges, [](const LoadedModel* m) { return includes(m->provides, Field::embedding); })) {
    for (const LoadedModel* embedder : models.embedders()) judges.push_back(embedder);
  }
  Portraying& by = work.panel.by;
  by.detector = &detector_for(given, models, nullptr, attacked);
  by.landmarks = &models.get(given.contains("landmarks") ? given["landmarks"].as<std::string>() : "face_landmark_68",
                             Field::landmarks);
  by.cache = usual_cache();
  Jury& jury = work.juries.emplace_back();
  for (const LoadedModel* model : attacked) add_judge(jury, *model, Role::surrogate);
  for (const LoadedModel* model : judges) add_judge(jury, *model, role_of(*model, attacked));
  if (jury.detectors.empty()) add_judge(jury, *by.detector, role_of(*by.detector, attacked));
  for (const Judge& judge : jury.recognisers) by.models.push_back(judge.model);
  for (const Judge& judge : jury.detectors) work.panel.detectors.push_back(judge.model);
  work.panel.after = degradations(given, {});
  const std::string target = given.contains("target") ? given["target"].as<std::string>() : "";
  const std::vector<fs::path> clean = expand_pictures({given["clean"].as<std::string>()});
  for (const fs::path& delivered : expand_pictures({folder.string()})) {
    const fs::path& before = same_name(clean, delivered, given["clean"].as<std::string>());
    const auto item = static_cast<std::int64_t>(work.tasks.size());
    work.tasks.push_back(
        {{item, "base", before.string(), fs::absolute(delivered).string(), std::nullopt, target.empty() ? "" : "named"},
         {before, delivered, std::nullopt, target},
         0});
  }
  return work;
}

}  // namespace faceoff
