#include "run/people.hpp"

#include <algorithm>
#include <utility>

namespace faceoff {

namespace {

/// Reads something of people; what is wrong with them is said where the experiment names them.
template <class Read>
auto read_of_people(const Experiment& experiment, const Read& read) {
  try {
    return read();
  } catch (const ConfigError& error) {
    throw ConfigError(error.what(), experiment.people_place);
  }
}

}  // namespace

const Gallery& Galleries::get(const Portraying& by, const Experiment& experiment) {
  Key key{{by.detector, by.landmarks}, by.minimum_score, experiment.people};
  key.models.insert(key.models.end(), by.models.begin(), by.models.end());
  const auto found = galleries_.find(key);
  if (found != galleries_.end()) return found->second;
  Gallery gallery = read_of_people(experiment, [&] { return Gallery::read(by, experiment.people, notice_); });
  require(!gallery.people().empty(), experiment.people_place, "no face on any picture of people");
  return galleries_.emplace(key, std::move(gallery)).first->second;
}

Galleries::Both Galleries::read(const Assembly& assembly, const Judges& judges) {
  const Experiment& experiment = assembly.experiment;
  Portraying attacking = portraying(assembly);
  const Portraying judging = portraying(judges);
  // Who finds faces for both reads the photos for both, once.
  const bool alike = attacking.detector == judging.detector;
  if (alike) attacking.models = judging.models;
  Both people;
  const bool chosen = std::ranges::any_of(
      experiment.targets, [](const TargetConfig& one) { return one.choice != TargetConfig::Choice::photos; });
  const bool centred = includes(assembly.needs, Field::mean);
  const bool mixed =
      std::ranges::any_of(assembly.augmentations, [](const AugmentationStep& step) { return step.partners > 0; });
  people.attacked.gallery =
      chosen || centred || mixed || experiment.own == Own::photos ? &get(attacking, experiment) : &none_;
  const bool known = !experiment.people.empty() && !judges.recognisers.empty();
  people.judged.gallery = known ? &get(judging, experiment) : &none_;
  const Gallery& attacked = *people.attacked.gallery;
  if (mixed) {
    people.attacked.partners = read_of_people(
        experiment, [&] { return std::make_shared<PartnerPhotos>(attacked, attacking, experiment.seed); });
  }
  require(!centred || attacked.people().size() > 1, experiment.people_place,
          "only one person on the pictures of people, and nobody differs from the mean of one");
  require_targets(attacked, experiment.targets);
  for (const TargetConfig& target : experiment.targets) {
    if (target.choice != TargetConfig::Choice::photos) continue;
    const auto by = [&](const Portraying& portraying) {
      return Gallery::from_photos(portraying, target.name, target.photos, target.place, notice_);
    };
    people.attacked.photos[target.name] = by(attacking);
    people.judged.photos[target.name] = alike ? people.attacked.photos[target.name] : by(judging);
  }
  for (People* some : {&people.attacked, &people.judged}) {
    std::vector<Person> others;
    for (const auto& [name, person] : some->photos) others.push_back(person);
    if (!others.empty()) some->with_photos = std::make_shared<const Gallery>(some->gallery->with(others));
  }
  return people;
}

}  // namespace faceoff
