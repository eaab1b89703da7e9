#include "report/opening.hpp"

#include <algorithm>

#include "base/numbers.hpp"
#include "plugins/loaded_model.hpp"
#include "report/html.hpp"
#include "report/tables.hpp"

namespace faceoff {

namespace {

const std::string never_attacked = to_string(Role::held_out), attacked_itself = to_string(Role::surrogate);
constexpr const char* usual_rate = "1e-3";

/// Something that is counted of faces: of recognisers, of which more is better, or of detectors.
struct Measure {
  const char* what;
  Counts (*of_recogniser)(const RecogniserTally& tally);
};

Counts protected_share(const RecogniserTally& tally) {
  return tally.not_the_person;
}
Counts target_share(const RecogniserTally& tally) {
  return tally.is_the_target;
}
Counts at_usual_rate(const RateCounts& counts) {
  const auto found = counts.find(usual_rate);
  return found != counts.end() ? found->second : Counts();
}

std::vector<Measure> measures_of(Goal goal) {
  if (goal == Goal::impersonate) {
    return {{"taken for the target", target_share},
            {"taken for the target at a false accept rate of 1e-3",
             [](const RecogniserTally& tally) { return at_usual_rate(tally.impersonated); }}};
  }
  return {{"not taken for the person", protected_share},
          {"not taken for the person at a false accept rate of 1e-3",
           [](const RecogniserTally& tally) { return at_usual_rate(tally.dodged); }}};
}

/// The figure by which it came out worst among the judges of a role; nothing where none says anything.
std::optional<Opening::Figure> worst(const Tally& tally, bool attacked, const Measure& measure) {
  std::optional<Opening::Figure> figure;
  for (const RecogniserTally& one : tally.recognisers) {
    if (one.role != (attacked ? attacked_itself : never_attacked)) continue;
    const Counts counts = measure.of_recogniser(one);
    if (counts.n == 0) continue;
    if (!figure || counts.share(1).value < figure->counts.share(1).value)
      figure = Opening::Figure{one.name, one.role, measure.what, counts};
  }
  return figure;
}

/// The same of detectors, which find.
std::optional<Opening::Figure> worst(const Tally& tally, bool attacked) {
  std::optional<Opening::Figure> figure;
  for (const DetectorTally& one : tally.detectors) {
    if (one.role != (attacked ? attacked_itself : never_attacked)) continue;
    if (one.found.n == 0) continue;
    if (!figure || one.found.share(1).value > figure->counts.share(1).value)
      figure = Opening::Figure{one.name, one.role, "still found", one.found};
  }
  return figure;
}

/// All that there is to say of a variant, in the order of what it is worth.
std::vector<Opening::Figure> figures_of(const Tally& tally, Goal goal) {
  std::vector<Opening::Figure> figures;
  const auto add = [&](const std::optional<Opening::Figure>& figure) {
    if (figure) figures.push_back(*figure);
  };
  const std::vector<Measure> measures = measures_of(goal);
  for (const Measure& measure : measures) add(worst(tally, false, measure));
  add(worst(tally, false));
  add(worst(tally, true, measures.front()));
  add(worst(tally, true));
  return figures;
}

/// How well a variant came out by its first figure: a share of the faces, negative of what is found.
double success(const std::vector<Opening::Figure>& figures) {
  if (figures.empty()) return -2;
  const double share = figures.front().counts.share(1).value;
  return figures.front().what == std::string("still found") ? -share : share;
}

std::string sentence(const Opening::Figure& figure, const Tally& tally) {
  const bool finds = figure.what == "still found";
  const std::string who =
      figure.judge + (figure.role == never_attacked ? ", which was never attacked," : ", which was attacked,");
  std::string text = "Of " + counted(figure.counts.n, "face") + " " + std::to_string(figure.counts.held[1]) +
                     (figure.counts.held[1] == 1 ? " is " : " are ") + figure.what + " by " + who + " and " +
                     std::to_string(figure.counts.held[0]) + (finds ? " before" : " without the attack");
  if (tally.differing > 0) text += "; PSNR is " + fixed(tally.mean_psnr(), 1) + " dB";
  return text + ".";
}

}  // namespace

Opening opening_of(const std::vector<Tally>& tallies, std::optional<Goal> goal) {
  if (tallies.empty()) return {};
  const bool delivered = std::ranges::find(tallies, "png", &Tally::after) != tallies.end();
  const std::string after = delivered ? "png" : tallies.front().after;
  const Tally* best = nullptr;
  std::vector<Opening::Figure> figures;
  std::size_t variants = 0;
  for (const Tally& tally : tallies) {
    if (tally.after != after) continue;
    ++variants;
    const bool targeted =
        std::ranges::any_of(tally.recognisers, [](const RecogniserTally& one) { return one.is_the_target.n > 0; });
    std::vector<Opening::Figure> own = figures_of(tally, goal.value_or(targeted ? Goal::impersonate : Goal::protect));
    if (best != nullptr && success(own) <= success(figures)) continue;
    best = &tally;
    figures = std::move(own);
  }
  if (figures.empty()) return {};
  Opening opening;
  if (variants > 1)
    opening.verdict = "Of " + std::to_string(variants) + " variants none came out better than " + best->variant + ". ";
  if (!delivered) opening.verdict += "Looked at " + after_words(after) + ". ";
  opening.verdict += sentence(figures.front(), *best);
  if (figures.front().role != never_attacked)
    opening.verdict += " Nobody judged who was never attacked, so what it is worth elsewhere is not known.";
  constexpr std::size_t most = 3;
  figures.resize(std::min(figures.size(), most), figures.front());
  opening.figures = std::move(figures);
  return opening;
}

std::string opening_html(const Opening& opening) {
  if (opening.verdict.empty()) return "";
  std::string text = "<p class=\"lead\">" + escape_html(opening.verdict) + "</p>\n<div class=\"figures\">\n";
  for (const Opening::Figure& figure : opening.figures) {
    const Estimate share = figure.counts.share(1);
    text += "<div class=\"key-figure " + figure.role + "\"><b>" + fixed(100 * share.value, 0) + "&nbsp;%</b><span>" +
            escape_html(figure.what) + "</span><span>" + escape_html(figure.judge) + " <span class=\"role " +
            figure.role + "\">" + role_name(figure.role) + "</span></span><small>" +
            std::to_string(figure.counts.held[1]) + " of " + counted(figure.counts.n, "face") +
            ", 95&nbsp;% interval [" + fixed(100 * share.low, 0) + ", " + fixed(100 * share.high, 0) + "]; clean " +
            fixed(100 * figure.counts.share(0).value, 0) + "&nbsp;%</small></div>\n";
  }
  return text + "</div>\n";
}

}  // namespace faceoff
