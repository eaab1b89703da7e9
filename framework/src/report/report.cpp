#include "report/report.hpp"

#include <algorithm>

#include "base/files.hpp"
#include "base/numbers.hpp"
#include "report/faces.hpp"
#include "report/html.hpp"
#include "report/opening.hpp"
#include "report/page.hpp"
#include "report/tables.hpp"
#include "run/environment.hpp"

namespace faceoff {

namespace {

Json model_json(const LoadedModel& model) {
  Json about = {{"name", model.name},
                {"plugin", model.plugin},
                {"weights", model.weights.filename().string()},
                {"sha256", model.sha256}};
  if (model.calibration == nullptr) return about;
  about["calibration"] = std::filesystem::path(model.calibration->file).filename().string();
  about["thresholds"] = model.calibration->thresholds;  // pairs of false accept rate and cosine
  return about;
}

Json model_or_null(const LoadedModel* model) {
  return model != nullptr ? model_json(*model) : Json(nullptr);
}

/// Who judged, in a sentence.
std::string judged_by(const Examination& examination, const Gallery& gallery) {
  const Portraying& by = examination.by;
  if (by.detector == nullptr)
    return "Faces where the attack found them (score at least " + shortest(by.minimum_score) + ").";
  std::string text = "Faces found by " + by.detector->name + " (score at least " + shortest(by.minimum_score) + ")";
  if (by.landmarks != nullptr) text += ", aligned by " + by.landmarks->name;
  const std::size_t people = gallery.people().size();
  if (people == 0) return text + ".";
  return text + ". Recognisers choose between " + std::to_string(people) + (people == 1 ? " person" : " people") + ".";
}

/// By which thresholds.
Thresholds thresholds_of(const Examination& examination) {
  Thresholds thresholds;
  for (const LoadedModel* model : examination.by.models) {
    if (model->calibration != nullptr) thresholds[model->name] = model->calibration->thresholds;
  }
  return thresholds;
}

/// What a run was for, where all of its variants were for the same; nothing of pictures that no run made.
std::optional<Goal> goal_of(const std::filesystem::path& run) {
  const std::optional<Environment> environment = read_environment(run);
  if (!environment || environment->variants.empty()) return std::nullopt;
  const Goal goal = environment->variants.front().goal;
  const bool one = std::ranges::all_of(environment->variants,
                                       [&](const Environment::Variant& variant) { return variant.goal == goal; });
  return one ? std::optional(goal) : std::nullopt;
}

/// Files that lay beside the run's pictures and are none of its items; empty where there are none.
std::string left_out_list(const std::filesystem::path& run) {
  const std::optional<Environment> environment = read_environment(run);
  if (!environment || environment->left_out.empty()) return "";
  std::string list = "<p>These files were there, and were not protected:</p>\n<ul>\n";
  for (const LeftOut& one : environment->left_out)
    list += "<li><code>" + escape_html(one.file) + "</code>: " + escape_html(one.why) + "</li>\n";
  return list + "</ul>\n";
}

}  // namespace

Json provenance(const std::vector<std::string>& command, const Examination& examination,
                const std::vector<std::string>& people, const Gallery& gallery, const std::vector<Tally>& tallies) {
  std::size_t photos = 0;
  for (const Person& person : gallery.people()) photos += person.photos.size();
  Json recognisers = Json::array(), detectors = Json::array(), after = Json::array();
  for (const LoadedModel* model : examination.by.models) recognisers.push_back(model_json(*model));
  for (const LoadedModel* model : examination.detectors) detectors.push_back(model_json(*model));
  for (const Degradation& one : examination.after) after.push_back(one.name);
  return {{"faceoff", FACEOFF_VERSION},
          {"command", command},
          {"found_by", model_or_null(examination.by.detector)},
          {"device", examination.by.device.str()},
          {"aligned_by", model_or_null(examination.by.landmarks)},
          {"minimum_score", examination.by.minimum_score},
          {"after", after},
          {"people", {{"from", people}, {"count", gallery.people().size()}, {"photos", photos}}},
          {"recognisers", recognisers},
          {"detectors", detectors},
          {"sums", tallies}};
}

bool write_report(const ReportPlaces& at, const std::string& name, const Examination& examination,
                  const Gallery& gallery, const Choices& choices, const std::vector<EvaluationLine>& lines,
                  const std::vector<Tally>& tallies) {
  const std::string judged = judged_by(examination, gallery);
  const Grid grid = make_grid(lines, choices);
  std::vector<Figure> figures = success_figures(grid, tallies);
  for (const std::vector<Figure>& more :
       {cosine_figures(grid, lines, thresholds_of(examination)), trace_figures(at.run, grid)})
    figures.insert(figures.end(), more.begin(), more.end());
  const Opening opening = opening_of(tallies, goal_of(at.run));
  const std::vector<std::string> scripts = plot_scripts();
  Page page{name,
            judged,
            {{"verdict", "Verdict", opening_html(opening)},
             {"recognisers", "Recognisers", recognisers_table(tallies)},
             {"detectors", "Detectors", detectors_table(tallies)},
             plots_section(figures, !scripts.empty()),
             {"faces", "Faces", faces_table(at, grid)}}};
  if (const std::string left_out = left_out_list(at.run); !left_out.empty())
    page.sections.push_back({"left-out", "Left out", left_out});
  write_atomically(at.into / "report.html", to_html(page, scripts));
  write_atomically(at.into / "report.tex", to_latex(at, name, judged + " " + opening.verdict, grid, tallies));
  return !scripts.empty() || figures.empty();
}

}  // namespace faceoff
