#include "run/verdict.hpp"

#include <algorithm>

#include "base/numbers.hpp"
#include "faces/matching.hpp"
#include "plugins/loaded_model.hpp"

namespace faceoff {

namespace {

const std::string never_attacked = to_string(Role::held_out);

void add(std::vector<JudgeCount>& counts, const std::string& judge, const BeforeAfter<bool>& holds) {
  auto count = std::ranges::find(counts, judge, &JudgeCount::name);
  if (count == counts.end()) count = counts.insert(counts.end(), JudgeCount{judge});
  ++count->faces;
  for (std::size_t i = 0; i < holds.size(); ++i) count->held.at(i) += holds.at(i) ? 1 : 0;
}

/// What a recogniser's threshold says of a face; nothing where there is none, or nobody to compare with.
std::optional<BeforeAfter<bool>> by_cosine(const Identity& who, const Recognition& said,
                                           const std::optional<double>& threshold, const std::string& measure) {
  if (!threshold) return std::nullopt;
  for (const auto& [name, holds] : shares_by_cosine(who, said, *threshold)) {
    if (name == measure) return holds;
  }
  return std::nullopt;
}

/// "the face", "2 of 3 faces", "none of 3 faces"
std::string some(std::int64_t held, std::int64_t of) {
  if (of == 1) return held == 1 ? "the face" : "no face";
  return (held == 0 ? "none" : held == of ? "all" : std::to_string(held)) + " of " + counted(of, "face");
}

std::string recognises(const JudgeCount& judge) {
  const std::string who = judge.name + " (never attacked)";
  if (judge.held[0] == 0 && judge.held[1] == 0)
    return who + " did not recognise the original either, so it says nothing here";
  const std::int64_t held = judge.held[1] > 0 ? judge.held[1] : judge.held[0];
  return (judge.held[1] > 0 ? "still recognised by " : "no longer recognised by ") + who +
         (judge.faces > 1 ? ": " + some(held, judge.faces) : "");
}

std::string finds(const JudgeCount& judge) {
  return judge.name + " (never attacked) " + (judge.held[1] > 0 ? "still finds " : "finds ") +
         some(judge.held[1], judge.faces) +
         (judge.held[1] != judge.held[0] ? ", and " + std::to_string(judge.held[0]) + " before" : "");
}

}  // namespace

BeforeAfter<bool> found(const Sighting& said, double minimum_score) {
  return {said.score[0] > minimum_score, still_found(said.score[1], said.iou, minimum_score)};
}

std::optional<BeforeAfter<bool>> recognised(const Identity& who, const Recognition& said,
                                            const std::optional<double>& threshold) {
  const auto dodged = by_cosine(who, said, threshold, "dodged");
  if (!dodged && !said.not_the_person) return std::nullopt;
  BeforeAfter<bool> known = {false, false};
  for (std::size_t i = 0; i < known.size(); ++i)
    known.at(i) = (dodged && !dodged->at(i)) || (said.not_the_person && !said.not_the_person->at(i));
  return known;
}

PictureVerdict verdict_of(const ItemLine& line, const Environment::Variant& judging) {
  PictureVerdict verdict;
  for (const ItemFace& face : line.faces) {
    for (const Sighting& said : face.detectors) {
      if (said.role == never_attacked) add(verdict.found, said.name, found(said, judging.minimum_score));
    }
    for (const Recognition& said : face.said.models) {
      if (said.role != never_attacked) continue;
      const auto judge = std::ranges::find(judging.recognisers, said.name, &Environment::Recogniser::name);
      const std::optional<double> threshold =
          judge != judging.recognisers.end() ? judge->threshold : std::optional<double>();
      if (const auto known = recognised(face.said.who, said, threshold)) add(verdict.recognised, said.name, *known);
      BeforeAfter<bool> taken = said.is_the_target.value_or(BeforeAfter<bool>{false, false});
      const auto alike = by_cosine(face.said.who, said, threshold, "impersonated");
      for (std::size_t i = 0; i < taken.size(); ++i) taken.at(i) = taken.at(i) && (!alike || alike->at(i));
      if (said.is_the_target) add(verdict.taken, said.name, taken);
    }
  }
  return verdict;
}

std::vector<std::string> words_of(const PictureVerdict& verdict, const std::string& as) {
  std::vector<std::string> lines;
  for (const JudgeCount& judge : verdict.recognised) lines.push_back(recognises(judge));
  if (!as.empty()) {
    for (const JudgeCount& judge : verdict.taken)
      lines.push_back(judge.name + " (never attacked) takes " + some(judge.held[1], judge.faces) + " for " + as);
  }
  for (const JudgeCount& judge : verdict.found) lines.push_back(finds(judge));
  if (lines.empty()) lines.emplace_back("nobody judged who was never attacked: what it is worth is not known");
  return lines;
}

}  // namespace faceoff
