// faceoff evaluate: what recognisers and detectors make of delivered pictures.

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <optional>
#include <set>
#include <system_error>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/one_line.hpp"
#include "base/suggest.hpp"
#include "cli/commands.hpp"
#include "cli/evaluation_work.hpp"
#include "cli/process.hpp"
#include "cli/progress.hpp"
#include "judge/answers.hpp"
#include "judge/evaluation.hpp"
#include "judge/evaluation_line.hpp"
#include "judge/tally.hpp"
#include "report/report.hpp"
#include "run/run_folder.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

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
    for (Judgement& seen : evaluator.evaluate(one, delivered, variant.judges, *variant.people)) {
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
void write_differences(const Work& work, const std::vector<EvaluationLine>& lines, const fs::path& into) {
  std::set<std::int64_t> evaluated;
  for (const EvaluationLine& line : lines) evaluated.insert(line.item);
  for (const Task& task : work.tasks) {
    if (!evaluated.contains(task.line.item)) continue;
    Picture difference;
    difference.rgb = difference_picture(read_picture(task.clean.file).rgb, read_picture(task.delivered.file).rgb);
    const fs::path file = into / difference_place(task.line.variant, task.line.output);
    make_folder(file.parent_path());
    write_picture(file, difference);
  }
}

constexpr std::array written_files = {"evaluation.jsonl", "evaluation.json", "report.html", "report.tex"};
constexpr std::array written_folders = {"differences", "report"};

/// Throws FileError where what is going to be written could not be.
void check_places(const fs::path& out) {
  for (const char* name : written_files) check_place(out / name);
  for (const char* name : written_folders) {
    if (fs::exists(out / name) && !fs::is_directory(out / name))
      throw FileError((out / name).string() + ": is there and is no folder");
  }
}

/// Puts what is whole in the place of an earlier evaluation, which goes with the draft.
void put_in_place(const fs::path& draft, const fs::path& out) {
  const fs::path earlier = draft / "earlier";
  make_folder(earlier);
  const auto move = [](const fs::path& from, const fs::path& to) {
    std::error_code error;
    if (!fs::exists(fs::symlink_status(from))) return;
    fs::rename(from, to, error);
    if (error) throw FileError(to.string() + ": can't be put in its place: " + error.message());
  };
  for (const char* name : written_folders) {
    move(out / name, earlier / name);
    move(draft / name, out / name);
  }
  for (const char* name : written_files) move(draft / name, out / name);
}

int conclude(const Work& work, const std::vector<EvaluationLine>& lines, const Gallery& gallery,
             const Arguments& given) {
  if (lines.empty()) throw Error(one_line(work.out.string()) + ": nothing could be evaluated, so nothing is written");
  if (!fs::exists(work.out / "results.jsonl")) RunFolder::make(work.out);
  const NewFolder draft(work.out);
  const ReportPlaces at{work.out, draft.path()};
  std::string text;
  for (const EvaluationLine& line : lines) text += to_text(line) + "\n";
  write_atomically(at.into / "evaluation.jsonl", text);
  const std::vector<Tally> tallies = tally(lines);
  std::vector<std::string> command = {"faceoff", "evaluate"};
  command.insert(command.end(), given.args.begin(), given.args.end());
  const Json about = provenance(command, work.examination, work.people, gallery, tallies);
  write_atomically(at.into / "evaluation.json", to_text(about, 2) + "\n");
  write_differences(work, lines, at.into);
  const bool plotted = write_report(at, work.name, work.examination, gallery, work.choices, lines, tallies);
  put_in_place(draft.path(), work.out);
  std::cerr << to_words(tallies);
  if (!plotted)
    std::cerr << "report.html has no plots: the program was built without Vega; scripts/bootstrap gets it\n";
  if (work.without_face > 0) std::cerr << work.without_face << " delivered unchanged, without a face: not evaluated\n";
  if (work.failed > 0) std::cerr << work.failed << " failed: not evaluated\n";
  if (work.missing > 0) std::cerr << work.missing << " not done yet: not evaluated; faceoff run --resume does them\n";
  for (const char* name : written_files) std::cerr << (work.out / name).string() << ": written\n";
  print(given.has("json") ? to_text(tallies, 2) + "\n" : work.out.string() + "\n");
  return static_cast<int>(work.failed > 0 ? ExitCode::items_failed : ExitCode::done);
}

/// Throws ConfigError where nobody has that name.
void require_person(const Gallery& gallery, const std::string& name) {
  if (gallery.find(name) != nullptr) return;
  std::vector<std::string> names;
  for (const Person& person : gallery.people()) names.push_back(person.name);
  throw ConfigError("--target: nobody is named '" + one_line(name) + "' in --people" + did_you_mean(name, names));
}

/// The people whom recognisers choose between.
Gallery people_of(Work& work) {
  if (work.people.empty() || work.examination.by.models.empty()) return {};
  Gallery gallery = read_people(work.examination.by, work.people);
  if (gallery.people().empty()) throw ConfigError("no face on any picture of people: recognisers know nobody");
  return gallery;
}

/// Each variant's: these and, behind them, those by their photos that its faces are to be taken for.
void give_people(Work& work, const Gallery& gallery) {
  const Portraying& by = work.examination.by;
  const auto notice = [](const std::string& line) { std::cerr << line << '\n'; };
  for (VariantWork& variant : work.variants) {
    std::vector<Person> people;
    for (const TargetConfig& target : variant.targets) {
      if (target.choice == TargetConfig::Choice::photos && !by.models.empty())
        people.push_back(Gallery::from_photos(by, target.name, target.photos, target.place, notice));
    }
    if (!people.empty()) variant.with_targets = gallery.with(people);
    variant.people = people.empty() ? &gallery : &variant.with_targets;
  }
}

/// What other services answered about these pictures, if they were asked.
std::optional<Answers> answers_of(const Arguments& given, const Work& work) {
  if (!given.has("answers")) return std::nullopt;
  const std::string& file = given.text("answers");
  if (!fs::exists(file)) throw ConfigError("--answers: no file " + one_line(file));
  std::optional<Answers> answers(file);
  std::vector<Answers::Pictured> pictures;
  for (const Task& task : work.tasks) {
    pictures.push_back(
        {task.line.picture, task.line.output, task.faces ? std::optional(task.faces->size()) : std::nullopt});
  }
  std::vector<std::string> judges;
  for (const LoadedModel* model : work.examination.by.models) judges.push_back(model->name);
  answers->require(pictures, judges);
  if (std::ranges::find(work.examination.after, std::string("png"), &Degradation::name) == work.examination.after.end())
    throw ConfigError("--answers are of the pictures as delivered, so --after needs png among the others");
  return answers;
}

int evaluate(const Arguments& given) {
  const fs::path what = given.text("what");
  if (!fs::is_directory(what)) throw ConfigError("no folder " + one_line(what.string()));
  NamedModels models(given, judging_device(what, given));
  const bool run = fs::exists(what / "results.jsonl");
  for (const char* option : {"clean", "attacked", "target", "out"}) {
    if (run && given.has(option))
      throw ConfigError("--" + std::string(option) + " is for a folder; a run knows its own");
  }
  Work work = run ? run_work(what, given, models) : folder_work(what, given, models);
  if (given.has("minimum-score")) work.examination.by.minimum_score = given.minimum_score();
  if (given.has("people")) work.people = {given.text("people")};
  // What the run recorded answers its own question, not another one.
  for (const char* option : {"people", "detector", "landmarks", "minimum-score"}) {
    if (given.has(option)) work.gone.clear();
  }
  if (work.tasks.empty())
    throw ConfigError(one_line(what.string()) + ": nothing was attacked, so there is nothing to evaluate");
  const std::optional<Answers> answers = answers_of(given, work);
  models.require_sets_used();
  if (run) check_places(work.out);
  const Gallery gallery = people_of(work);
  if (given.has("target")) require_person(gallery, given.text("target"));
  give_people(work, gallery);
  std::vector<EvaluationLine> lines = evaluate(work);
  if (answers) answers->add_to(lines);
  return conclude(work, lines, gallery, given);
}

}  // namespace

Command evaluate_command() {
  return Command("faceoff evaluate RUN|FOLDER",
                 "What recognisers and detectors make of delivered pictures, and of the clean ones beside them.",
                 evaluate)
      .operand("what", 1, "evaluate needs a run's folder")
      .texts("after",
             "what happens to the pictures before: png, jpeg:75, resize:0.5, blur:1, median:3, or several, as "
             "jpeg:50+blur:1; may be repeated; else what the experiment says, else six of them")
      .texts("model", "one more recogniser or detector that judges; may be repeated")
      .text("detector", "the model that finds and aligns the faces; else one not attacked")
      .text("landmarks", "the model that finds a face's landmarks")
      .text("device", "what judges, cpu or cuda; else the run's device, if it is there")
      .number("minimum-score", "of a face")
      .text("answers", "a CSV file with what other services answered: picture, recogniser, identity")
      .text("people", "a folder a person, or a file of faceoff embed: whom recognisers know")
      .text("clean", "for a FOLDER: the pictures as they were, under the same names")
      .texts("attacked", "for a FOLDER: a model that the pictures were made against; may be repeated")
      .text("target",
            "for a FOLDER: who of the people the faces were to be taken for; else they were to be taken for nobody")
      .text("out", "for a FOLDER: where the results go, absent or empty")
      .flag("json", "the figures as JSON, for programs")
      .with(NamedModels::add_options);
}

}  // namespace faceoff
