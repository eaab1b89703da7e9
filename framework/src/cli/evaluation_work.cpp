#include "cli/evaluation_work.hpp"

#include <ATen/Context.h>

#include <algorithm>
#include <iostream>
#include <utility>

#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "faces/faces.hpp"
#include "faces/targets.hpp"
#include "picture/find_pictures.hpp"
#include "plugins/loaded_model.hpp"
#include "run/environment.hpp"
#include "run/item_line.hpp"
#include "run/results.hpp"
#include "run/run_folder.hpp"
#include "toml/document.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

constexpr Field sight = Field::scores | Field::boxes;

/// Puts a judge where its kind belongs, unless it is there. Throws ConfigError where another has its name.
void add_judge(Judges& to, const LoadedModel& model, Role role) {
  const auto add = [&](std::vector<Judge>& judges) {
    if (std::ranges::any_of(judges, [&](const Judge& one) { return one.model->identity == model.identity; })) return;
    const auto there = std::ranges::find(judges, model.name, [](const Judge& one) { return one.model->name; });
    if (there != judges.end())
      throw ConfigError("--model " + model.name + ": the experiment calls another model so, which judges already");
    judges.push_back({&model, role});
  };
  if (includes(model.provides, Field::embedding)) add(to.recognisers);
  if (includes(model.provides, sight)) add(to.detectors);
}

/// The models of --model, which may be of either kind.
std::vector<const LoadedModel*> asked_for(const Arguments& given, NamedModels& models, const char* option) {
  std::vector<const LoadedModel*> found;
  for (const std::string& name : given.texts(option)) {
    const LoadedModel& model = models.get(name, Field::none);
    if (!includes(model.provides, Field::embedding) && !includes(model.provides, sight)) {
      throw ConfigError("--" + std::string(option) + " " + name + ": it provides " + to_string(model.provides) +
                        ", and a judge needs embedding, or scores, boxes");
    }
    found.push_back(&model);
  }
  return found;
}

/// Who finds and aligns faces, if somebody is asked for, else null.
const LoadedModel* asked_finder(const Arguments& given, NamedModels& models) {
  return given.has("detector") ? &models.get(given.text("detector"), sight) : nullptr;
}

/// Who gives the landmarks that recognisers are aligned by; null where the detector does.
const LoadedModel* landmarks_for(const Arguments& given, NamedModels& models, const Portraying& by) {
  if (given.has("landmarks")) return &models.get(given.text("landmarks"), Field::landmarks);
  if (by.landmarks != nullptr) return by.landmarks;
  const bool by_detector = includes(by.detector->provides, Field::landmarks) &&
                           std::ranges::all_of(by.models, [&](const LoadedModel* model) {
                             return why_not_aligned(*model, *by.detector, nullptr).empty();
                           });
  return by_detector ? nullptr : &models.get("face_landmark_68", Field::landmarks);
}

std::vector<Degradation> degradations(const Arguments& given, const std::vector<Degradation>& experiment) {
  std::vector<std::string> names;
  for (const std::string& name : given.texts("after")) add_once(names, name);
  if (names.empty() && !experiment.empty()) return experiment;
  if (names.empty()) names = usual_degradations();
  std::vector<Degradation> all;
  for (const std::string& name : names) all.push_back(parse_degradation(name));
  return all;
}

/// How an experiment's targets are chosen, "furthest" or, for one a face, "named, named"; empty where there are none.
std::string choice_of(const Experiment& experiment) {
  std::vector<std::string> words;
  for (const TargetConfig& target : experiment.targets)
    words.push_back(target_choices[static_cast<std::size_t>(target.choice)]);
  return joined(words);
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

void require_judged_alike(const fs::path& run, const std::vector<Experiment>& experiments, const Arguments& given) {
  const Experiment& first = experiments.front();
  for (const Experiment& other : experiments) {
    const auto same = [&](const char* key, const char* option, bool equal) {
      if (equal || given.has(option)) return;
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

/// What stands for an attacked model that is not there: what the run knew of it.
const LoadedModel* stand_in(Work& work, const Environment::Model* known, const std::string& name,
                            const std::string& why) {
  const auto there = std::ranges::find(work.stand_ins, name, &LoadedModel::name);
  if (there != work.stand_ins.end()) return &*there;
  std::cerr << one_line(name) << ", which was attacked, does not judge: " << one_line(why)
            << "; what the run itself recorded of it stays\n";
  work.gone.push_back(name);
  LoadedModel& made = work.stand_ins.emplace_back();
  made.name = name;
  if (known == nullptr) return &made;
  made.plugin = known->plugin;
  made.sha256 = known->sha256;
  made.family = known->family;
  return &made;
}

/// Who judges a run's variants, and who finds the faces for all of them.
void choose_judges(Work& work, const std::vector<Experiment>& experiments,
                   const std::optional<Environment>& environment, const Arguments& given, NamedModels& models) {
  ModelPool& pool = models.pool();
  const auto missing = [&](const std::string& name, const std::string& why) {
    return stand_in(work, environment ? environment->model(name) : nullptr, name, why);
  };
  std::vector<std::vector<const LoadedModel*>> surrogates;
  std::vector<const LoadedModel*> attacked;
  for (const Experiment& experiment : experiments) {
    for (const LoadedModel* surrogate : surrogates.emplace_back(attacked_models(experiment, pool, missing)))
      add_once(attacked, surrogate);
  }
  const std::vector<const LoadedModel*> more = asked_for(given, models, "model");
  Portraying& by = work.examination.by;
  by.detector = asked_finder(given, models);
  for (std::size_t v = 0; v < experiments.size(); ++v) {
    Judges judges = judges_of(experiments[v], pool, surrogates[v], attacked, by.detector);
    for (const LoadedModel* model : more) add_judge(judges, *model, role_of(*model, surrogates[v]));
    for (const Judge& judge : judges.recognisers) add_once(by.models, judge.model);
    for (const Judge& judge : judges.detectors) add_once(work.examination.detectors, judge.model);
    if (judges.landmarks != nullptr) by.landmarks = judges.landmarks;
    work.variants.push_back({std::move(judges), experiments[v].targets});
  }
  const Experiment& first = experiments.front();
  by.minimum_score = first.minimum_score;
  by.device = pool.setup().device;
  by.cache = usual_cache();
  if (by.models.empty()) return;
  if (by.detector == nullptr) by.detector = &finder_of(first, pool, attacked);
  if (by.landmarks == nullptr && !first.landmarks.empty() && !first.unknown_models.contains(first.landmarks))
    by.landmarks = &pool.get(first.landmarks, first.models.at(first.landmarks));
  by.landmarks = landmarks_for(given, models, by);
}

}  // namespace

at::Device judging_device(const fs::path& what, const Arguments& given) {
  const auto there = [](const at::Device& device) { return device.is_cpu() || (device.is_cuda() && at::hasCUDA()); };
  const auto parsed = [](const std::string& name) {
    try {
      return at::Device(name);
    } catch (const c10::Error&) {
      throw ConfigError("'" + one_line(name) + "' is no device: cpu, cuda or cuda:0");
    }
  };
  if (given.has("device")) {
    const at::Device asked = parsed(given.text("device"));
    if (!there(asked)) throw ConfigError("--device " + asked.str() + ": this LibTorch sees none; use cpu");
    return asked;
  }
  const std::optional<Environment> environment = read_environment(what);
  if (!environment) return at::kCPU;
  const at::Device made_on = parsed(environment->device);
  if (there(made_on)) return made_on;
  std::cerr << "the run was made on " << made_on.str() << ", which is not here: judged on the processor\n";
  return at::kCPU;
}

Work run_work(const fs::path& run, const Arguments& given, NamedModels& models) {
  const std::optional<Environment> environment = read_environment(run);
  const std::vector<Experiment> experiments =
      read_experiments(Document(run / "resolved.toml", {}), models.plugins(), Purpose::judge);
  require_judged_alike(run, experiments, given);
  Work work;
  work.name = experiments.front().name;
  work.out = run;
  work.people = experiments.front().people;
  choose_judges(work, experiments, environment, given, models);
  work.examination.after = degradations(given, experiments.front().after);
  for (const Experiment& experiment : experiments) work.choices[experiment.variant] = experiment.choices;
  if (environment) {
    for (const Environment::Variant& variant : environment->variants) work.choices[variant.name] = variant.choices;
  }
  read_results(run, [&](const ItemLine& line, const std::string& where) {
    const auto experiment = std::ranges::find(experiments, line.variant, &Experiment::variant);
    if (experiment == experiments.end())
      throw FileError(where + ": no variant '" + one_line(line.variant) + "' in resolved.toml");
    if (line.status == Status::no_face) ++work.without_face;
    if (line.status == Status::failed) ++work.failed;
    if (!was_attacked(line.status)) return;
    Task& task = work.tasks.emplace_back();
    task.line = {line.item, line.variant, line.picture, line.output, line.epsilon, choice_of(*experiment), {}, {}};
    task.clean = {line.picture, line.picture_sha256};
    task.delivered = {run / line.output, line.output_sha256};
    task.variant = static_cast<std::size_t>(experiment - experiments.begin());
    task.faces.emplace();
    for (const ItemFace& face : line.faces) {
      task.faces->push_back({face.said.box, face.said.who.target});
      task.known.push_back(face.said);
    }
  });
  work.missing = missing_items(run);
  return work;
}

Work folder_work(const fs::path& folder, const Arguments& given, NamedModels& models) {
  for (const char* option : {"clean", "people", "out"}) {
    if (!given.has(option)) {
      throw ConfigError(one_line(folder.string()) +
                        ": not a run's folder (no results.jsonl); for a folder of pictures, " +
                        "say --clean DIR --people DIR --out DIR");
    }
  }
  Work work;
  work.name = fs::absolute(folder / "").parent_path().filename().string();
  work.out = given.text("out");
  RunFolder::require_free(work.out);
  work.people = {given.text("people")};
  const std::vector<const LoadedModel*> attacked = asked_for(given, models, "attacked");
  std::vector<const LoadedModel*> asked = asked_for(given, models, "model");
  if (std::ranges::none_of(asked, [](const LoadedModel* m) { return includes(m->provides, Field::embedding); })) {
    for (const LoadedModel* embedder : models.embedders()) asked.push_back(embedder);
  }
  Judges& judges = work.variants.emplace_back().judges;
  judges.device = models.pool().setup().device;
  judges.finder = asked_finder(given, models);
  if (judges.finder == nullptr) judges.finder = &finder_of(models.pool(), nullptr, attacked);
  for (const LoadedModel* model : attacked) add_judge(judges, *model, Role::surrogate);
  for (const LoadedModel* model : asked) add_judge(judges, *model, role_of(*model, attacked));
  if (judges.detectors.empty()) add_judge(judges, *judges.finder, role_of(*judges.finder, attacked));
  judges.landmarks = landmarks_for(given, models, portraying(judges));
  work.examination = examination(judges, degradations(given, {}));
  const std::string target = given.has("target") ? given.text("target") : "";
  const std::vector<fs::path> clean = expand_pictures({given.text("clean")});
  for (const fs::path& delivered : expand_pictures({folder.string()})) {
    const fs::path& before = same_name(clean, delivered, given.text("clean"));
    const auto item = static_cast<std::int64_t>(work.tasks.size());
    Task& task = work.tasks.emplace_back();
    task.line = {item, "base", before.string(), fs::absolute(delivered).string(), {}, target.empty() ? "" : "named",
                 {},   {}};
    task.clean.file = before;
    task.delivered.file = delivered;
    task.target = target;
  }
  return work;
}

}  // namespace faceoff
