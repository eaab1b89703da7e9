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
#include "judge/evaluation_line.hpp"
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
      ("device", po::value<std::string>(), "what judges, cpu or cuda; else the run's device, if it is there")     //
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

/// A picture that has to be the file that the run knew. Throws PictureError where it is another one.
Picture read_known(const KnownFile& known, const char* what_the_run_did) {
  Picture picture = read_picture(known.file);
  if (!known.sha256.empty() && picture.sha256 != known.sha256) {
    throw PictureError(known.file.string() + ": it is another file than the one that the run " + what_the_run_did +
                       " (its SHA-256 is " + picture.sha256 + ", and was " + known.sha256 + ")");
  }
  return picture;
}

/// Adds what the run recorded of attacked models that are not there any more: on the pictures as delivered it is what
/// they would say.
void add_known(const Task& task, const std::vector<std::string>& gone, Judgement& seen) {
  if (seen.after != "png" || seen.faces.size() != task.known.size()) return;
  for (std::size_t f = 0; f < seen.faces.size(); ++f) {
    for (const Recognition& said : task.known[f].models) {
      if (std::ranges::find(gone, said.name) != gone.end()) seen.faces[f].models.push_back(said);
    }
  }
}

/// The lines of one task, a degradation each.
std::vector<EvaluationLine> evaluate(Evaluator& evaluator, const Work& work, const Task& task, const Picture& clean) {
  const VariantWork& variant = work.variants[task.variant];
  const Picture delivered = read_known(task.delivered, "delivered");
  const CleanPicture one{clean, task.clean.file, task.faces, task.target};
  std::vector<EvaluationLine> lines;
  try {
    for (Judgement& seen : evaluator.evaluate(one, delivered, variant.judges, variant.people)) {
      EvaluationLine& line = lines.emplace_back(task.line);
      if (lines.size() == 1) line.quality = compare(clean.rgb, delivered.rgb);
      line.quality = lines.front().quality;
      add_known(task, work.gone, seen);
      line.seen = std::move(seen);
    }
  } catch (const PictureError& error) {
    throw PictureError(task.delivered.file.string() + ": " + error.what());
  }
  return lines;
}

/// Lines of evaluation.jsonl, in the order of the items.
std::vector<EvaluationLine> evaluate(Work& work) {
  // Tasks of one picture stand together, so that the clean one is read once.
  std::ranges::stable_sort(work.tasks, {}, [](const Task& task) { return task.clean.file; });
  Evaluator evaluator(work.examination);
  Progress progress(static_cast<std::int64_t>(work.tasks.size()));
  std::vector<EvaluationLine> lines;
  std::optional<std::pair<fs::path, Picture>> clean;
  for (const Task& task : work.tasks) {
    progress.start_item(task.delivered.file.filename().string());
    try {
      if (!clean || clean->first != task.clean.file) {
        clean.reset();
        clean.emplace(task.clean.file, read_known(task.clean, "read"));
      }
      std::ranges::move(evaluate(evaluator, work, task, clean->second), std::back_inserter(lines));
      progress.pass_item();
    } catch (const Error& error) {
      ++work.failed;
      progress.end_item(std::string(error.what()) + "; left out");
    }
  }
  std::ranges::stable_sort(lines, {}, &EvaluationLine::item);
  return lines;
}

/// What was changed in each evaluated picture, as pictures.
void write_differences(const Work& work, const std::vector<EvaluationLine>& lines) {
  std::set<std::int64_t> evaluated;
  for (const EvaluationLine& line : lines) evaluated.insert(line.item);
  for (const Task& task : work.tasks) {
    if (!evaluated.contains(task.line.item)) continue;
    Picture difference;
    difference.rgb = difference_picture(read_picture(task.clean.file).rgb, read_picture(task.delivered.file).rgb);
    const fs::path file = work.out / difference_place(task.line.variant, task.line.output);
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

int conclude(const Work& work, const std::vector<EvaluationLine>& lines, const Gallery& gallery,
             const std::vector<std::string>& command, bool json) {
  if (lines.empty()) throw Error(one_line(work.out.string()) + ": nothing could be evaluated, so nothing is written");
  if (!fs::exists(work.out / "results.jsonl")) RunFolder::make(work.out);
  for (const char* earlier : {"differences", "report"}) fs::remove_all(work.out / earlier);
  std::string text;
  for (const EvaluationLine& line : lines) text += to_text(line) + "\n";
  write_atomically(work.out / "evaluation.jsonl", text);
  const std::vector<Tally> tallies = tally(lines);
  const Json about = provenance(command, work.examination, work.people, gallery, tallies);
  write_atomically(work.out / "evaluation.json", to_text(about, 2) + "\n");
  write_differences(work, lines);
  const bool plotted = write_report(
      work.out, work.name, {judged_by(work.examination, gallery), thresholds_of(work.examination), work.choices}, lines,
      tallies);
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
  if (work.people.empty() || work.examination.by.models.empty()) return {};
  Gallery gallery = read_people(work.examination.by, work.people);
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
  NamedModels models(given, judging_device(what, given));
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
  if (given.contains("minimum-score")) work.examination.by.minimum_score = minimum_score(given);
  if (given.contains("people")) work.people = {given["people"].as<std::string>()};
  // What the run recorded answers its own question, not another one.
  for (const char* option : {"people", "detector", "landmarks", "minimum-score"}) {
    if (given.contains(option)) work.gone.clear();
  }
  if (work.tasks.empty())
    throw ConfigError(one_line(what.string()) + ": nothing was attacked, so there is nothing to evaluate");
  std::optional<Answers> answers;
  if (given.contains("answers")) {
    const std::string file = given["answers"].as<std::string>();
    if (!fs::exists(file)) throw ConfigError("--answers: no file " + one_line(file));
    answers.emplace(file);
    std::vector<Answers::Pictured> pictures;
    for (const Task& task : work.tasks) {
      pictures.push_back(
          {task.line.picture, task.line.output, task.faces ? std::optional(task.faces->size()) : std::nullopt});
    }
    std::vector<std::string> judges;
    for (const LoadedModel* model : work.examination.by.models) judges.push_back(model->name);
    answers->require(pictures, judges);
    if (std::ranges::find(work.examination.after, std::string("png"), &Degradation::name) ==
        work.examination.after.end())
      throw ConfigError("--answers are of the pictures as delivered, so --after needs png among the others");
  }

  models.require_sets_used();
  if (run) check_places(work.out);
  const Gallery gallery = people_of(work);
  if (given.contains("target")) require_person(gallery, given["target"].as<std::string>());
  for (VariantWork& variant : work.variants) {
    for (const Person& person : gallery.people()) variant.people.push_back(&person);
  }
  std::deque<Person> fixed;
  if (run) run->add_fixed(fixed);
  std::vector<EvaluationLine> lines = evaluate(work);
  if (answers) answers->add_to(lines);
  return conclude(work, lines, gallery, command, given.contains("json"));
}

}  // namespace faceoff
