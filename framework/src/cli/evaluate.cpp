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

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "cli/commands.hpp"
#include "cli/evaluation_work.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "judge/answers.hpp"
#include "judge/evaluation.hpp"
#include "judge/evaluation_record.hpp"
#include "judge/tally.hpp"
#include "report/provenance.hpp"
#include "report/report.hpp"
#include "run/run_folder.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

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
    make_folder(file.parent_path());
    write_picture(file, difference);
  }
}

/// Throws FileError where what is going to be written could not be.
void check_places(const fs::path& out) {
  for (const char* name : {"evaluation.jsonl", "evaluation.json", "report.html", "report.tex"}) check_place(out / name);
  for (const char* name : {"differences", "report"}) {
    if (fs::exists(out / name) && !fs::is_directory(out / name))
      throw FileError((out / name).string() + ": is there and is no folder");
  }
}

int conclude(const Work& work, const std::vector<Json>& lines, const Gallery& gallery,
             const std::vector<std::string>& command, bool json) {
  if (lines.empty()) throw Error(one_line(work.out.string()) + ": nothing could be evaluated, so nothing is written");
  if (!fs::exists(work.out / "results.jsonl")) RunFolder::make(work.out);
  for (const char* earlier : {"differences", "report"}) fs::remove_all(work.out / earlier);
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
  if (work.missing > 0) std::cerr << work.missing << " not done yet: not evaluated; faceoff run --resume does them\n";
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
  Gallery gallery = read_people(work.panel.by, work.people);
  if (gallery.people().empty()) throw ConfigError("no face on any picture of people: recognisers know nobody");
  return gallery;
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
  if (given.contains("minimum-score")) work.panel.by.minimum_score = minimum_score(given);
  if (given.contains("people")) work.people = {given["people"].as<std::string>()};
  if (work.tasks.empty())
    throw ConfigError(one_line(what.string()) + ": nothing was protected, so there is nothing to evaluate");
  std::optional<Answers> answers;
  if (given.contains("answers")) {
    const std::string file = given["answers"].as<std::string>();
    if (!fs::exists(file)) throw ConfigError("--answers: no file " + one_line(file));
    answers.emplace(file);
    std::vector<Answers::Pictured> pictures;
    for (const Task& task : work.tasks) {
      pictures.push_back({task.label.picture, task.label.output,
                          task.one.faces ? std::optional(task.one.faces->size()) : std::nullopt});
    }
    std::vector<std::string> judges;
    for (const LoadedModel* model : work.panel.by.models) judges.push_back(model->name);
    answers->require(pictures, judges);
    if (std::ranges::find(work.panel.after, std::string("png"), &Degradation::name) == work.panel.after.end())
      throw ConfigError("--answers are of the pictures as delivered, so --after needs png among the others");
  }

  models.require_sets_used();
  if (run) check_places(work.out);
  const Gallery gallery = people_of(work);
  if (given.contains("target")) require_person(gallery, given["target"].as<std::string>());
  for (Jury& jury : work.juries) jury.people = &gallery;
  std::deque<Gallery> with_targets;
  if (run) run->add_fixed(with_targets);
  std::vector<Json> lines = evaluate(work);
  if (answers) answers->add_to(lines);
  return conclude(work, lines, gallery, command, given.contains("json"));
}

}  // namespace faceoff
