#include "judge/recognition.hpp"

#include <ATen/ATen.h>

#include <algorithm>

namespace faceoff {

namespace {

/// What a measure by cosines is at each rate whose threshold the recogniser has. Nothing without thresholds, and no
/// rate where there is nobody to compare with.
std::optional<AtRates> at_rates(const LoadedModel& model, const Identity& who, const Recognition& said,
                                const std::string& measure) {
  if (model.calibration == nullptr) return std::nullopt;
  AtRates rates;
  for (const auto& [name, rate] : false_accept_rates) {
    const double* threshold = model.calibration->threshold(rate);
    if (threshold == nullptr) continue;
    for (const auto& [one, holds] : shares_by_cosine(who, said, *threshold)) {
      if (one == measure) rates[name] = holds;
    }
  }
  return rates;
}

/// The mean cosine of either embedding with somebody's photos.
BeforeAfter<std::optional<double>> mean_cosines(const std::optional<Known>& known,
                                                const BeforeAfter<at::Tensor>& seen) {
  BeforeAfter<std::optional<double>> cosines;
  for (std::size_t i = 0; known && i < seen.size(); ++i) {
    if (seen.at(i).defined()) cosines.at(i) = at::matmul(known->photos, seen.at(i)).mean().item<double>();
  }
  return cosines;
}

BeforeAfter<std::optional<BestMatch>> best_matches(const LineUp& lineup, const BeforeAfter<at::Tensor>& seen) {
  BeforeAfter<std::optional<BestMatch>> best;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen.at(i).defined()) best.at(i) = lineup.best_match(seen.at(i));
  }
  return best;
}

}  // namespace

LineUp::LineUp(const Gallery& people, const LoadedModel& model, const std::string& photo)
    : people_(&people), shown_(people.judging()) {
  if (!people.people().empty()) embeddings_ = people.embeddings(model);
  const auto hide_photo = [&] {
    for (const std::int64_t row : people.rows_of(photo)) shown_[static_cast<std::size_t>(row)] = false;
  };
  hide_photo();
  for (const std::int64_t row : people.rows_of(photo)) {
    const Gallery::Rows rows = people.rows(people.owner(row));
    const auto begin = shown_.begin() + rows.begin, end = shown_.begin() + rows.end;
    if (std::find(begin, end, true) == end) std::fill(begin, end, true);
  }
  hide_photo();
}

bool LineUp::empty() const {
  return added_.empty() && std::ranges::find(shown_, true) == shown_.end();
}

std::optional<Known> LineUp::find(const std::string& name) const {
  for (std::size_t p = 0; p < people_->people().size(); ++p) {
    const Person& person = people_->people()[p];
    if (person.name != name) continue;
    const Gallery::Rows rows = people_->rows(p);
    std::vector<at::Tensor> photos;
    bool disjoint = false;  // the photos are of one half
    for (std::int64_t row = rows.begin; row < rows.end; ++row) {
      if (!shown_[static_cast<std::size_t>(row)]) continue;
      photos.push_back(embeddings_[row]);
      disjoint = person.judges[static_cast<std::size_t>(row - rows.begin)];
    }
    if (!photos.empty()) return Known{name, at::stack(photos), disjoint};
  }
  const auto found = std::ranges::find(added_, name, &Known::name);
  return found != added_.end() ? std::optional(*found) : std::nullopt;
}

BestMatch LineUp::best_match(const at::Tensor& embedding) const {
  BestMatch best;
  if (embeddings_.defined()) {
    const at::Tensor cosines = at::matmul(embeddings_, embedding).to(at::kCPU, at::kDouble);
    const auto cosine = cosines.accessor<double, 1>();
    for (std::int64_t row = 0; row < cosines.size(0); ++row) {
      if (shown_[static_cast<std::size_t>(row)] && (!best.similarity || cosine[row] > *best.similarity))
        best = {people_->people()[people_->owner(row)].name, cosine[row]};
    }
  }
  for (const Known& known : added_) {
    const double similarity = at::matmul(known.photos, embedding).max().item<double>();
    if (!best.similarity || similarity > *best.similarity) best = {known.name, similarity};
  }
  return best;
}

Outcome outcome(const std::string& person, const std::string& target, const std::optional<std::string>& clean,
                const std::optional<std::string>& delivered) {
  if (!target.empty() && delivered == target) return Outcome::target;
  if (clean != person) return Outcome::unusable;
  if (!delivered) return Outcome::no_face;
  return delivered == person ? Outcome::person : Outcome::somebody;
}

void match(Recognition& said, const Identity& face, BeforeAfter<std::optional<BestMatch>> best) {
  const auto name = [&](std::size_t i) { return best.at(i) ? std::optional(best.at(i)->name) : std::nullopt; };
  said.outcome = outcome(face.person, face.target, name(0), name(1));
  said.not_the_person = {name(0) != face.person, name(1) != face.person};
  if (!face.target.empty()) said.is_the_target = {name(0) == face.target, said.outcome == Outcome::target};
  said.best = std::move(best);
}

Recognition recognise(const Judge& judge, LineUp lineup, const Identity& face, const at::Tensor& as_it_was,
                      const BeforeAfter<at::Tensor>& seen) {
  Recognition said;
  said.name = judge.model->name;
  said.role = to_string(judge.role);
  said.found = {seen[0].defined(), seen[1].defined()};
  const bool alone = lineup.empty();
  if (!face.known && as_it_was.defined()) lineup.add({face.person, as_it_was.unsqueeze(0), true});
  if (!alone) match(said, face, best_matches(lineup, seen));

  const LoadedModel& model = *judge.model;
  said.self = mean_cosines(lineup.find(face.person), seen);
  said.dodged = at_rates(model, face, said, "dodged");
  said.identified = at_rates(model, face, said, "identified");
  if (face.target.empty()) return said;
  const std::optional<Known> target = lineup.find(face.target);
  said.target = mean_cosines(target, seen);
  if (target) said.target_disjoint = target->disjoint;
  said.impersonated = at_rates(model, face, said, "impersonated");
  return said;
}

Shares shares_by_match(const Recognition& said) {
  Shares shares = {{"not_found", {!said.found[0], !said.found[1]}}};
  if (said.not_the_person) shares.emplace_back("protected", *said.not_the_person);
  if (said.is_the_target) shares.emplace_back("rank1", *said.is_the_target);
  return shares;
}

Shares shares_by_cosine(const Identity& who, const Recognition& said, double threshold) {
  const auto reaches = [&](const std::optional<double>& cosine) { return cosine && *cosine >= threshold; };
  const auto is_person = [&](const std::optional<BestMatch>& best) {
    return best && best->name == who.person && reaches(best->similarity);
  };
  Shares shares;
  if (said.target && said.target_disjoint)
    shares.push_back({"impersonated", {reaches(said.target->at(0)), reaches(said.target->at(1))}});
  if (said.self && who.known) shares.push_back({"dodged", {!reaches(said.self->at(0)), !reaches(said.self->at(1))}});
  if (said.outcome && who.known) shares.push_back({"identified", {is_person(said.best[0]), is_person(said.best[1])}});
  return shares;
}

}  // namespace faceoff
