#include "compare/runs.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <array>
#include <set>

#include "base/json.hpp"
#include "base/lists.hpp"
#include "base/one_line.hpp"
#include "compare/judging.hpp"
#include "faces/matching.hpp"
#include "run/results.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// In the order in which they are shown.
constexpr std::array names = {"hidden", "impersonated", "dodged", "score",   "target_cosine", "self_cosine",
                              "psnr",   "ssim",         "linf",   "queries", "seconds"};

/// The name of a folder, for people.
std::string name_of(const fs::path& folder) {
  const fs::path whole = fs::absolute(folder).lexically_normal();
  return one_line((whole.has_filename() ? whole : whole.parent_path()).filename().string());
}

/// Puts what the runs say in order.
class Reader {
 public:
  Reader(const std::optional<double>& rate, bool several) : rate_(rate), several_(several) {}

  void read(const fs::path& run, const std::string& name) {
    const fs::path file = run / "results.jsonl";
    if (!fs::exists(file)) throw ConfigError(one_line(run.string()) + ": not a run's folder (no results.jsonl)");
    const Judging judging(run);
    run_ = name;
    here_.clear();
    std::size_t number = 0;
    read_results(run, [&](const Json& line, const std::string& where) {
      add(judging, line, where);
      ++number;
    });
    if (number == 0)
      throw ConfigError(one_line(file.string()) + ": no item is done yet, so there is nothing to compare");
    if (const std::int64_t missing = missing_items(run); missing > 0)
      note(one_line(run.string()) + ": " + std::to_string(missing) + " items are not done yet, left out");
  }

  Runs finish() {
    std::ranges::stable_sort(runs_.series, {}, [](const Series& series) {
      return std::ranges::find(names, series.measure.name) - names.begin();
    });
    for (Series& series : runs_.series) series.values.resize(runs_.contestants.size());
    for (const Contestant& one : runs_.contestants) {
      if (one.failed > 0) note(one.label + ": " + std::to_string(one.failed) + " failed, left out");
      if (one.without_face > 0) note(one.label + ": " + std::to_string(one.without_face) + " without a face, left out");
    }
    for (const Series& a : runs_.series) {
      for (const Series& b : runs_.series) {
        if (&a < &b && a.measure.name == b.measure.name && a.measure.judge == b.measure.judge)
          note(one_line(a.measure.judge) +
               " has not the same role, weights and threshold in all variants: only those are compared that are alike");
      }
    }
    return std::move(runs_);
  }

 private:
  void note(const std::string& line) { add_once(runs_.notes, line); }

  std::size_t contestant(const std::string& name, const Judging::Variant& variant) {
    const auto found = here_.find(name);
    if (found != here_.end()) return found->second;
    Contestant one;
    one.run = run_;
    one.variant = one_line(name);
    one.label = !several_ ? one.variant : name == "base" ? run_ : run_ + "/" + one.variant;
    if (several_) one.choices.emplace_back("run", run_);
    one.choices.insert(one.choices.end(), variant.choices.begin(), variant.choices.end());
    runs_.contestants.push_back(one);
    return here_[name] = runs_.contestants.size() - 1;
  }

  std::map<Unit, double>& values(const Measure& measure) {
    auto found = std::ranges::find(runs_.series, measure, &Series::measure);
    if (found == runs_.series.end()) found = runs_.series.insert(found, Series{measure, {}});
    if (found->values.size() <= current_) found->values.resize(current_ + 1);
    return found->values[current_];
  }

  void add(const Judging& judging, const Json& item, const std::string& where) {
    const std::string name = item.at("variant"), picture = item.at("picture");
    const Judging::Variant* variant = judging.variant(name);
    if (variant == nullptr) throw FileError(where + ": no variant '" + one_line(name) + "' in environment.json");
    current_ = contestant(name, *variant);
    const std::size_t number = pictures_.try_emplace(picture, pictures_.size()).first->second;
    if (!seen_.insert({current_, number}).second)
      throw FileError(where + ": " + one_line(picture) + " is there twice in variant '" + one_line(name) + "'");
    Contestant& one = runs_.contestants[current_];
    const std::string status = item.at("status");
    one.failed += status == "failed" ? 1 : 0;
    one.without_face += status == "no_face" ? 1 : 0;
    if (status != "protected") return;
    ++one.pictures;
    for (const char* key : {"psnr", "ssim", "linf", "queries", "seconds"}) {
      if (!item.at(key).is_null()) values(Measure{key})[{number, 0}] = item.at(key).get<double>();
    }
    std::set<std::size_t> taken;
    for (const Json& face : item.at("faces")) {
      ++one.faces;
      const Unit unit{number, face_number(number, face.at("box"), taken)};
      for (const Json& said : face.at("detectors")) add_detector(judging, *variant, said, unit);
      for (const Json& said : face.at("models")) add_recogniser(judging, *variant, said, unit);
    }
  }

  /// Faces are those of the clean picture, so the same in all variants, but for rounding and for other detectors.
  std::size_t face_number(std::size_t picture, const Json& box, std::set<std::size_t>& taken) {
    std::vector<Box>& known = boxes_[picture];
    const Box here{box.at(0), box.at(1), box.at(2), box.at(3)};
    std::size_t best = known.size();
    for (std::size_t i = 0; i < known.size(); ++i) {
      const double overlap = iou(known[i], here);
      if (!taken.contains(i) && overlap >= same_face && (best == known.size() || overlap > iou(known[best], here)))
        best = i;
    }
    if (best == known.size()) known.push_back(here);
    taken.insert(best);
    return best;
  }

  /// Who judges, or nothing where that can't be told, which is noted.
  std::optional<Measure> judged_by(const Judging& judging, const Json& said) {
    Measure measure;
    measure.judge = said.at("name");
    measure.role = said.at("role");
    measure.weights = judging.weights(measure.judge);
    if (!judging.is_several(measure.judge)) return measure;
    note(one_line(measure.judge) + ": variants of " + run_ + " give this name to several models, so it is left out");
    return std::nullopt;
  }

  void add_detector(const Judging& judging, const Judging::Variant& variant, const Json& said, const Unit& unit) {
    std::optional<Measure> measure = judged_by(judging, said);
    if (!measure) return;
    const double minimum = variant.minimum_score, before = said.at("score").at(0), after = said.at("score").at(1);
    const double overlap = said.at("iou");
    measure->threshold = minimum;
    measure->name = "score";
    values(*measure)[unit] = overlap >= same_face ? after : 0;
    if (before <= minimum) return;  // it never found this face, so it can't lose it
    measure->name = "hidden";
    measure->is_share = true;
    values(*measure)[unit] = still_found(after, overlap, minimum) ? 0 : 1;
  }

  void add_recogniser(const Judging& judging, const Judging::Variant& variant, const Json& said, const Unit& unit) {
    std::optional<Measure> measure = judged_by(judging, said);
    if (!measure) return;
    const std::optional<Threshold> threshold = judging.threshold(variant, measure->judge, rate_);
    if (!threshold) note(one_line(measure->judge) + ": no threshold was measured, so of it there are cosines alone");
    const auto add_change = [&](const char* name, const char* share, const Json& change, bool at_least) {
      if (change.is_null()) return;
      const bool found = !change.at(1).is_null();
      measure->name = name;
      measure->is_share = false;
      measure->threshold.reset();
      measure->false_accept_rate.reset();
      if (found) values(*measure)[unit] = change.at(1).get<double>();
      if (!threshold) return;
      measure->name = share;
      measure->is_share = true;
      measure->threshold = threshold->cosine;
      measure->false_accept_rate = threshold->false_accept_rate;
      values(*measure)[unit] = found && (change.at(1).get<double>() >= threshold->cosine) == at_least ? 1 : 0;
    };
    add_change("target_cosine", "impersonated", said.at("target"), true);
    add_change("self_cosine", "dodged", said.at("self"), false);
  }

  std::optional<double> rate_;
  bool several_ = false;
  std::string run_;
  std::map<std::string, std::size_t> here_;  ///< this run's variants
  std::size_t current_ = 0;
  std::map<std::string, std::size_t> pictures_;
  std::map<std::size_t, std::vector<Box>> boxes_;  ///< the known faces, by picture
  std::set<std::pair<std::size_t, std::size_t>> seen_;
  Runs runs_;
};

}  // namespace

Runs read_runs(std::span<const fs::path> folders, const std::optional<double>& false_accept_rate) {
  Reader reader(false_accept_rate, folders.size() > 1);
  std::vector<std::string> labels;
  for (const fs::path& folder : folders) labels.push_back(name_of(folder));
  for (std::size_t i = 0; i < folders.size(); ++i) {
    if (!fs::is_directory(folders[i])) throw ConfigError("no folder " + one_line(folders[i].string()));
    for (std::size_t j = 0; j < i; ++j) {
      if (fs::equivalent(folders[i], folders[j])) throw ConfigError(one_line(folders[i].string()) + ": named twice");
    }
    const bool alone = std::ranges::count(labels, labels[i]) == 1;
    reader.read(folders[i], alone ? labels[i] : one_line(folders[i].string()));
  }
  return reader.finish();
}

}  // namespace faceoff
