// faceoff evaluate: what recognisers and detectors make of delivered pictures.
#include <boost/program_options/value_semantic.hpp>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/named_models.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "evaluate/answers.hpp"
#include "evaluate/evaluation.hpp"
#include "evaluate/evaluation_record.hpp"
#include "evaluate/tally.hpp"
#include "host/exception.hpp"
#include "host/json.hpp"
#include "host/run_folder.hpp"
#include "host/suggest.hpp"
#include "picture/files.hpp"
#include "report/provenance.hpp"
#include "report/report.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

constexpr Field sight = Field::scores | Field::boxes;

po::options_description options() {
  po::options_description all("faceoff evaluate RUN|FOLDER");
  all.add_options()            //
      ("help,h", "show this")  //
      ("after", po::value<std::vector<std::string>>()->composing(),
       "what happens to the pictures before: png, jpeg:75, resize:0.5, blur:1; may be repeated; else what the "
       "experiment says, else six of them")  //
      ("model", po::value<std::vector<std::string>>()->composing(),
       "one more recogniser or detector that judges; may be repeated")                                            //
      ("detector", po::value<std::string>(), "the model that finds and aligns the faces; else one not attacked")  //
      ("landmarks", po::value<std::string>(), "the model that finds a face's landmarks")                          //
      ("minimum-score", po::value<double>(), "of a face")                                                         //
      ("answers", po::value<std::string>(),
       "a CSV file with what other services answered: picture, recogniser, identity")                               //
      ("people", po::value<std::string>(), "a folder a person, or a file of faceoff embed: whom recognisers know")  //
      ("clean", po::value<std::string>(), "for a FOLDER: the pictures as they were, under the same names")          //
      ("attacked", po::value<std::vector<std::string>>()->composing(),
       "for a FOLDER: a model that the pictures were made against; may be repeated")  //
      ("target", po::value<std::string>(),
       "for a FOLDER: who of the people the faces were to be taken for; else they were to be taken for nobody")  //
      ("out", po::value<std::string>(), "for a FOLDER: where the results go, absent or empty")                   //
      ("json", "the figures as JSON, for programs");
  NamedModels::add_options(all);
  return all;
}

/// A case with who judges it.
struct Task {
  CaseLabel label;
  Case one;
  std::size_t jury = 0;
};

/// Everything that is to be evaluated, and by whom.
struct Work {
  std::string name;
  fs::path out;
  Panel panel;
  std::vector<Jury> juries;
  std::vector<Task> tasks;
  std::vector<std::string> people;  ///< as [data] people
  std::int64_t without_face = 0, failed = 0;
};

template <class T>
void add_once(std::vector<T>& list, const T& item) {
  if (std::ranges::find(list, item) == list.end()) list.push_back(item);
}

/// Puts a judge where its kind belongs, unless it is there. Throws ConfigError where another has its name.
void add_judge(Jury& jury, const LoadedModel& model, Role role) {
  const auto add = [&](std::vector<Judge>& judges) {
    const auto there = std::ranges::find(judges, model.name, [](const Judge& one) { return one.model->name; });
    if (there == judges.end()) {
      judges.push_back({&model, role});
    } else if (there->model->identity != model.identity) {
      throw ConfigError("--model " + model.name + ": the experiment calls another model so, which judges already");
    }
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

void set_minimum_score(Portraying& by, const po::variables_map& given) {
  if (!given.contains("minimum-score")) return;
  by.minimum_score = given["minimum-score"].as<double>();
  if (!(by.minimum_score >= 0 && by.minimum_score < 1))
    throw ConfigError("--minimum-score: a number from 0 to less than 1");
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

/// The lines of a run's results, whole ones.
std::vector<Json> results_of(const fs::path& run) try {
  std::vector<Json> lines;
  std::ifstream file(run / "results.jsonl");
  for (std::string line; std::getline(file, line);) lines.push_back(Json::parse(line));
  return lines;
} catch (const Json::exception&) {
  throw FileError((run / "results.jsonl").string() + ": not as a run wrote it");
}

std::string to_string(TargetConfig::Choice choice) {
  using Choice = TargetConfig::Choice;
  switch (choice) {
    case Choice::furthest:
      return "furthest";
    case Choice::nearest:
      return "nearest";
    case Choice::random:
      return "random";
    case Choice::named:
      return "named";
    case Choice::photos:
      return "photos";
  }
  return "";
}

/// How an experiment's targets are chosen, "furthest" or, for one a face, "named, named"; empty where there are none.
std::string choice_of(const Experiment& experiment) {
  std::string text;
  for (const TargetConfig& target : experiment.targets) text += (text.empty() ? "" : ", ") + to_string(target.choice);
  return text;
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

/// A run: its results say what was protected, its resolved.toml who judges.
class RunWork {
 public:
  RunWork(const fs::path& run, const po::variables_map& given, NamedModels& models)
      : document_(run / "resolved.toml", {}), experiments_(read_experiments(document_, models.plugins())) {
    for (const Experiment& experiment : experiments_) {
      for (const std::string& name : experiment.used_models()) models.pool().get(name, experiment.models.at(name));
      assemblies_.push_back(std::make_unique<Assembly>(experiment, models.pool()));
    }
    prepare(run, given, models);
    read_results(run);
  }

  Work work;

  /// The people by their photos that a variant's faces are to be taken for, if it names some.
  void add_fixed(std::deque<Person>& kept) {
    for (std::size_t v = 0; v < experiments_.size(); ++v) {
      for (const TargetConfig& target : experiments_[v].targets) {
        if (target.choice != TargetConfig::Choice::photos || work.panel.by.models.empty()) continue;
        kept.push_back(
            Gallery::from_photos(work.panel.by, target, [](const std::string& line) { std::cerr << line << '\n'; }));
        work.juries[v].people.push_back(&kept.back());
      }
    }
  }

 private:
  /// All variants are judged alike: by the same people, aligned by the same models.
  void require_one_panel(const fs::path& run) const {
    const Experiment& first = experiments_.front();
    for (const Experiment& other : experiments_) {
      const auto same = [&](const char* key, bool equal) {
        if (equal) return;
        throw ConfigError(one_line(run.string()) + ": it sweeps " + key +
                          ", and evaluate compares variants by one of these: run them apart");
      };
      same("data.people", other.people == first.people);
      same("faces.detector", other.detector == first.detector);
      same("faces.landmarks", other.landmarks == first.landmarks);
      same("faces.minimum_score", other.minimum_score == first.minimum_score);
      same("evaluate.after", std::ranges::equal(other.after, first.after, {}, &Degradation::name, &Degradation::name));
    }
  }

  void prepare(const fs::path& run, const po::variables_map& given, NamedModels& models) {
    require_one_panel(run);
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
    if (given.contains("landmarks") || by.landmarks == nullptr) {
      by.landmarks = &models.get(
          given.contains("landmarks") ? given["landmarks"].as<std::string>() : "face_landmark_68", Field::landmarks);
    }
    by.minimum_score = experiments_.front().minimum_score;
    by.cache = usual_cache();
    work.panel.after = degradations(given, experiments_.front().after);
  }

  void read_results(const fs::path& run) try {
    for (const Json& line : results_of(run)) {
      const std::string variant = line.at("variant");
      const auto found = std::ranges::find(experiments_, variant, &Experiment::variant);
      if (found == experiments_.end())
        throw FileError(run.string() + ": no variant '" + variant + "' in resolved.toml");
      if (line.at("status") == "no_face") ++work.without_face;
      if (line.at("status") == "failed") ++work.failed;
      if (line.at("status") != "protected") continue;
      work.tasks.push_back(
          {{line.at("item"), variant, line.at("picture"), line.at("output"), found->epsilon, choice_of(*found)},
           case_of(line, run),
           static_cast<std::size_t>(found - experiments_.begin())});
    }
  } catch (const Json::exception&) {
    throw FileError((run / "results.jsonl").string() + ": not as a run wrote it");
  }

  Document document_;
  std::vector<Experiment> experiments_;
  std::vector<std::unique_ptr<Assembly>> assemblies_;
};

/// The picture of the same name, else of the same stem, in a folder.
std::optional<fs::path> same_name(const std::vector<fs::path>& pictures, const fs::path& name) {
  const auto by = [&](const auto& part) {
    return std::ranges::find_if(pictures, [&](const fs::path& one) { return part(one) == part(name); });
  };
  auto found = by([](const fs::path& path) { return path.filename(); });
  if (found == pictures.end()) found = by([](const fs::path& path) { return path.stem(); });
  return found != pictures.end() ? std::optional(*found) : std::nullopt;
}

/// A folder of pictures that were made by whatever means.
Work folder_work(const fs::path& folder, const po::variables_map& given, NamedModels& models) {
  for (const char* option : {"clean", "people", "out"}) {
    if (!given.contains(option)) {
      throw ConfigError(one_line(folder.string()) +
                        ": not a run's folder (no results.jsonl); for a folder of pictures, " +
                        "say --clean DIR --people DIR --out DIR");
    }
  }
  Work work;
  work.name = folder.filename().string();
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
    const std::optional<fs::path> before = same_name(clean, delivered);
    if (!before) {
      throw ConfigError(delivered.string() + ": no picture of that name in " + given["clean"].as<std::string>() +
                        ", where --clean says it is as it was");
    }
    const auto item = static_cast<std::int64_t>(work.tasks.size());
    work.tasks.push_back({{item, "base", before->string(), fs::absolute(delivered).string(), std::nullopt,
                           target.empty() ? "" : "named"},
                          {*before, delivered, std::nullopt, target},
                          0});
  }
  return work;
}

/// Lines of evaluation.jsonl, in the order of the items.
std::vector<Json> evaluate(Work& work) {
  // Cases of one picture stand together, so that the clean one is looked at once.
  std::ranges::stable_sort(work.tasks, {}, [](const Task& task) { return task.one.clean; });
  Evaluator evaluator(work.panel);
  Progress progress(static_cast<std::int64_t>(work.tasks.size()));
  std::vector<std::pair<std::int64_t, Json>> lines;
  for (const Task& task : work.tasks) {
    progress.start_item(task.one.delivered.filename().string());
    try {
      const CaseEvaluations seen = evaluator.evaluate(task.one, work.juries[task.jury]);
      for (const CaseEvaluation& after : seen.after)
        lines.emplace_back(task.label.item, evaluation_line(task.label, after, seen.quality));
      progress.pass_item();
    } catch (const Error& error) {
      ++work.failed;
      progress.end_item(std::string(error.what()) + "; left out");
    }
  }
  std::ranges::stable_sort(lines, {}, &std::pair<std::int64_t, Json>::first);
  std::vector<Json> ordered;
  for (auto& [item, line] : lines) ordered.push_back(std::move(line));
  return ordered;
}

/// What was changed in each evaluated picture, as pictures.
void write_differences(const Work& work, const std::vector<Json>& lines) {
  std::set<std::int64_t> evaluated;
  for (const Json& line : lines) evaluated.insert(line.at("item").get<std::int64_t>());
  for (const Task& task : work.tasks) {
    if (!evaluated.contains(task.label.item)) continue;
    Picture difference;
    difference.rgb = difference_picture(read_picture(task.one.clean).rgb, read_picture(task.one.delivered).rgb);
    const fs::path file = work.out / difference_place(task.label.variant, task.label.output);
    fs::create_directories(file.parent_path());
    write_picture(file, difference);
  }
}

int conclude(const Work& work, const std::vector<Json>& lines, const Gallery& gallery,
             const std::vector<std::string>& command, bool json) {
  std::string text;
  for (const Json& line : lines) text += to_text(line) + "\n";
  write_atomically(work.out / "evaluation.jsonl", text);
  const Json about = provenance(command, work.panel, work.people, gallery);
  write_atomically(work.out / "evaluation.json", to_text(about, 2) + "\n");
  write_differences(work, lines);
  const std::vector<Tally> tallies = tally(lines);
  const bool plotted = write_report(work.out, work.name, {judged_by(work.panel, gallery), about}, lines, tallies);
  std::cerr << to_words(tallies);
  if (!plotted)
    std::cerr << "report.html has no plots: the program was built without Vega; scripts/bootstrap gets it\n";
  if (work.without_face > 0) std::cerr << work.without_face << " delivered unchanged, without a face: not evaluated\n";
  if (work.failed > 0) std::cerr << work.failed << " failed: not evaluated\n";
  for (const char* name : {"evaluation.jsonl", "evaluation.json", "report.html", "report.tex"})
    std::cerr << (work.out / name).string() << ": written\n";
  print(json ? to_text(to_json(tallies), 2) + "\n" : work.out.string() + "\n");
  return static_cast<int>(work.failed > 0 ? ExitCode::items_failed : ExitCode::done);
}

/// Throws ConfigError where nobody has that name.
void require_person(const Gallery& gallery, const std::string& name) {
  std::vector<std::string> names;
  for (const Person& person : gallery.people()) names.push_back(person.name);
  if (std::ranges::find(names, name) == names.end())
    throw ConfigError("--target: nobody is named '" + one_line(name) + "' in --people" + did_you_mean(name, names));
}

/// The people whom recognisers choose between.
Gallery people_of(Work& work) {
  if (work.people.empty() || work.panel.by.models.empty()) return {};
  return read_people(work.panel.by, work.people);
}

}  // namespace

int evaluate_command(std::vector<std::string> args) {
  po::options_description all = options();
  po::options_description accepted;
  accepted.add(all).add_options()("what", po::value<std::string>());
  po::positional_options_description positional;
  positional.add("what", 1);
  std::vector<std::string> command = {"faceoff", "evaluate"};
  command.insert(command.end(), args.begin(), args.end());
  const po::variables_map given = parse_options(args, accepted, positional);
  if (given.contains("help")) {
    std::ostringstream text;
    text << "What recognisers and detectors make of delivered pictures, and of the clean ones beside them.\n\n" << all;
    print(text.str());
    return static_cast<int>(ExitCode::done);
  }
  if (!given.contains("what")) throw ConfigError("evaluate needs a run's folder: faceoff evaluate RUN");
  const fs::path what = given["what"].as<std::string>();
  if (!fs::is_directory(what)) throw ConfigError("no folder " + one_line(what.string()));
  NamedModels models(given);
  std::optional<RunWork> run;
  std::optional<Work> folder;
  if (fs::exists(what / "results.jsonl")) {
    for (const char* option : {"clean", "attacked", "target", "out"}) {
      if (given.contains(option))
        throw ConfigError("--" + std::string(option) + " is for a folder; a run knows its own");
    }
    run.emplace(what, given, models);
  } else {
    folder.emplace(folder_work(what, given, models));
  }
  Work& work = run ? run->work : *folder;
  set_minimum_score(work.panel.by, given);
  if (given.contains("people")) work.people = {given["people"].as<std::string>()};
  if (work.tasks.empty())
    throw ConfigError(one_line(what.string()) + ": nothing was protected, so there is nothing to evaluate");
  std::optional<Answers> answers;
  if (given.contains("answers")) {
    answers.emplace(given["answers"].as<std::string>());
    std::vector<Answers::Pictured> pictures;
    for (const Task& task : work.tasks) pictures.push_back({task.label.picture, task.label.output});
    std::vector<std::string> judges;
    for (const LoadedModel* model : work.panel.by.models) judges.push_back(model->name);
    answers->require(pictures, judges);
    if (std::ranges::find(work.panel.after, std::string("png"), &Degradation::name) == work.panel.after.end())
      throw ConfigError("--answers are of the pictures as delivered, so --after needs png among the others");
  }

  const Gallery gallery = people_of(work);
  if (given.contains("target")) require_person(gallery, given["target"].as<std::string>());
  for (Jury& jury : work.juries) {
    for (const Person& person : gallery.people()) jury.people.push_back(&person);
  }
  std::deque<Person> fixed;
  if (run) run->add_fixed(fixed);
  std::vector<Json> lines = evaluate(work);
  if (answers) answers->add_to(lines);
  if (folder) RunFolder::make(work.out);
  return conclude(work, lines, gallery, command, given.contains("json"));
}

}  // namespace faceoff
