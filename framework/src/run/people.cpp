#include "run/people.hpp"

#include <algorithm>
#include <utility>

#include "faces/targets.hpp"

namespace faceoff {

namespace {

/// Throws ConfigError where people have no mean that anybody differs from.
void require_several(const Gallery& gallery, const Experiment& experiment) {
  if (gallery.people().size() < 2)
    throw ConfigError("only one person on the pictures of people, and nobody differs from the mean of one",
                      experiment.people_place);
}

}  // namespace

const Gallery& Galleries::get(const Portraying& by, const Experiment& experiment) {
  Key key{{by.detector, by.landmarks}, by.minimum_score, experiment.people};
  key.models.insert(key.models.end(), by.models.begin(), by.models.end());
  const auto found = galleries_.find(key);
  if (found != galleries_.end()) return found->second;
  Gallery gallery;
  try {
    gallery = Gallery::read(by, experiment.people, notice_);
  } catch (const ConfigError& error) {
    throw ConfigError(error.what(), experiment.people_place);
  }
  if (gallery.people().empty()) throw ConfigError("no face on any picture of people", experiment.people_place);
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
  if (mixed) {
    try {
      people.attacked.partners = std::make_shared<PartnerPhotos>(*people.attacked.gallery, attacking, experiment.seed);
    } catch (const ConfigError& error) {
      throw ConfigError(error.what(), experiment.people_place);
    }
  }
  if (centred) require_several(*people.attacked.gallery, experiment);
  require_targets(*people.attacked.gallery, experiment.targets);
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
