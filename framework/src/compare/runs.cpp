#include "compare/runs.hpp"

#include <faceoff/error.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/lists.hpp"
#include "base/numbers.hpp"
#include "base/one_line.hpp"
#include "faces/matching.hpp"
#include "run/environment.hpp"
#include "run/results.hpp"

namespace faceoff {

namespace {

namespace fs = std::filesystem;

/// In the order in which they are shown.
constexpr std::array names = {"hidden",       "protected", "not_found", "rank1",         "identified",
                              "impersonated", "dodged",    "score",     "target_cosine", "self_cosine",
                              "psnr",         "ssim",      "linf",      "queries",       "seconds"};

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
    std::optional<Environment> environment = read_environment(run);
    if (!environment)
      throw FileError(one_line((run / "environment.json").string()) + ": it is missing, and says who judged the run");
    environment_ = std::move(*environment);
    run_ = name;
    here_.clear();
    std::size_t number = 0;
    read_results(run, [&](const ItemLine& line, const std::string& where) {
      add(line, where);
      ++number;
    });
    if (number == 0) {
      throw ConfigError(
          one_line(file.string()) + ": " +
          (environment_.items_here == 0 && environment_.shard
               ? "part " + *environment_.shard + " of its run has no items; faceoff merge puts parts together"
               : "no item is done yet, so there is nothing to compare"));
    }
    if (const std::int64_t missing = missing_items(run); missing > 0)
      note(one_line(run.string()) + ": " + std::to_string(missing) + " items are not done yet, left out");
  }

  Runs finish() {
    std::ranges::stable_sort(
        runs_.series, {}, [](const Series& one) { return std::ranges::find(names, one.measure.name) - names.begin(); });
    for (Series& one : runs_.series) {
      one.values.resize(runs_.contestants.size());
      one.clean.resize(runs_.contestants.size());
    }
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

  std::size_t contestant(const std::string& name, const Environment::Variant& variant) {
    const auto found = here_.find(name);
    if (found != here_.end()) return found->second;
    Contestant one;
    one.run = run_;
    one.variant = one_line(name);
    one.label = !several_ ? one.variant : name == "base" ? run_ : run_ + "/" + one.variant;
    if (several_) one.choices.emplace_back("run", run_);
    for (const auto& [key, value] : variant.choices) one.choices.emplace_back(one_line(key), one_line(value));
    runs_.contestants.push_back(one);
    return here_[name] = runs_.contestants.size() - 1;
  }

  Series& series(const Measure& measure) {
    auto found = std::ranges::find(runs_.series, measure, &Series::measure);
    if (found == runs_.series.end()) found = runs_.series.insert(found, Series{measure, {}, {}});
    for (auto* values : {&found->values, &found->clean}) {
      if (values->size() <= current_) values->resize(current_ + 1);
    }
    return *found;
  }

  void add_mean(Measure measure, const char* name, const Unit& unit, double value) {
    measure.name = name;
    series(measure).values[current_][unit] = value;
  }

  /// Whether something holds of a face, delivered and clean.
  void add_share(Measure measure, const char* name, const Unit& unit, const BeforeAfter<bool>& holds) {
    measure.name = name;
    measure.is_share = true;
    Series& there = series(measure);
    there.clean[current_][unit] = holds[0] ? 1 : 0;
    there.values[current_][unit] = holds[1] ? 1 : 0;
  }

  void add(const ItemLine& item, const std::string& where) {
    const Environment::Variant* variant = environment_.variant(item.variant);
    if (variant == nullptr)
      throw FileError(where + ": no variant '" + one_line(item.variant) + "' in environment.json");
    current_ = contestant(item.variant, *variant);
    const std::size_t number = pictures_.try_emplace(item.picture, pictures_.size()).first->second;
    if (!seen_.insert({current_, number}).second) {
      throw FileError(where + ": " + one_line(item.picture) + " is there twice in variant '" + one_line(item.variant) +
                      "'");
    }
    Contestant& one = runs_.contestants[current_];
    one.failed += item.status == Status::failed ? 1 : 0;
    one.without_face += item.status == Status::no_face ? 1 : 0;
    if (!was_attacked(item.status)) return;
    ++one.pictures;
    const Unit whole{number, 0};
    if (item.quality.psnr) add_mean({}, "psnr", whole, *item.quality.psnr);
    add_mean({}, "ssim", whole, item.quality.ssim);
    add_mean({}, "linf", whole, item.quality.linf);
    add_mean({}, "queries", whole, static_cast<double>(item.queries));
    add_mean({}, "seconds", whole, item.seconds);
    std::set<std::size_t> taken;
    for (const ItemFace& face : item.faces) {
      ++one.faces;
      const Unit unit{number, face_number(number, face.said.box, taken)};
      for (const Sighting& said : face.detectors) add_detector(variant->minimum_score, said, unit);
      for (const Recognition& said : face.said.models) add_recogniser(*variant, face.said.who, said, unit);
    }
  }

  /// Faces are those of the clean picture, so the same in all variants, but for rounding and for other detectors.
  std::size_t face_number(std::size_t picture, const Box& here, std::set<std::size_t>& taken) {
    std::vector<Box>& known = boxes_[picture];
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
  std::optional<Measure> judged_by(const std::string& judge, const std::string& role) {
    const Environment::Model* const known = environment_.model(judge);
    if (environment_.model(judge + "#2") == nullptr)
      return Measure{.name = "", .judge = judge, .role = role, .weights = known != nullptr ? known->sha256 : ""};
    note(one_line(judge) + ": variants of " + run_ + " give this name to several models, so it is left out");
    return std::nullopt;
  }

  void add_detector(double minimum, const Sighting& said, const Unit& unit) {
    std::optional<Measure> measure = judged_by(said.name, said.role);
    if (!measure) return;
    measure->threshold = minimum;
    add_mean(*measure, "score", unit, said.iou >= same_face ? said.score[1] : 0);
    if (said.score[0] <= minimum) return;  // it never found this face, so it can't lose it
    measure->is_share = true;
    add_mean(*measure, "hidden", unit, still_found(said.score[1], said.iou, minimum) ? 0 : 1);
  }

  /// The measure at a recogniser's threshold at the rate that is asked for, or at the variant's own; nothing where it
  /// has none. Throws ConfigError where it has some and not this one.
  std::optional<Measure> at_threshold(Measure measure, const Environment::Variant& variant) const {
    if (!rate_) {
      const auto own = std::ranges::find(variant.recognisers, measure.judge, &Environment::Recogniser::name);
      if (own == variant.recognisers.end() || !own->threshold) return std::nullopt;
      measure.threshold = own->threshold;
      measure.false_accept_rate = variant.false_accept_rate;
      return measure;
    }
    const Environment::Model* const found = environment_.model(measure.judge);
    if (found == nullptr || found->thresholds.empty()) return std::nullopt;
    std::vector<std::string> known;
    for (const auto& [rate, cosine] : found->thresholds) {
      known.push_back(shortest(rate));
      if (std::abs(rate - *rate_) >= 1e-9) continue;
      measure.threshold = cosine;
      measure.false_accept_rate = rate;
      return measure;
    }
    throw ConfigError("--false-accept-rate " + shortest(*rate_) + ": of " + one_line(measure.judge) +
                      " only the thresholds at " + joined(known) + " were measured");
  }

  void add_recogniser(const Environment::Variant& variant, const Identity& who, const Recognition& said,
                      const Unit& unit) {
    const std::optional<Measure> measure = judged_by(said.name, said.role);
    if (!measure) return;
    if (said.target && said.target->at(1)) add_mean(*measure, "target_cosine", unit, *said.target->at(1));
    if (said.self && said.self->at(1)) add_mean(*measure, "self_cosine", unit, *said.self->at(1));
    for (const auto& [name, holds] : shares_by_match(said)) add_share(*measure, name, unit, holds);
    if (const std::optional<Measure> passing = at_threshold(*measure, variant)) {
      for (const auto& [name, holds] : shares_by_cosine(who, said, *passing->threshold))
        add_share(*passing, name, unit, holds);
    } else {
      note(one_line(said.name) + ": no threshold was measured, so of it there are cosines and best matches alone");
    }
  }

  std::optional<double> rate_;
  bool several_ = false;
  Environment environment_;  ///< this run's
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
