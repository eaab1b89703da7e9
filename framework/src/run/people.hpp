#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "attack/assembly.hpp"
#include "experiment/experiment.hpp"
#include "faces/gallery.hpp"
#include "judge/judges.hpp"

namespace faceoff {

/// Whom a variant's faces may be taken for, by photos under some models.
struct People {
  const Gallery* gallery = nullptr;
  std::map<std::string, Person> photos;  ///< a person for each target that is photos

  std::vector<const Person*> all() const;
};

/// The people of a run's variants, each read once; variants that look at the same people in the same way share. What
/// is wrong with them is a ConfigError with its place.
class Galleries {
 public:
  /// `notice` is told of photos without a face.
  explicit Galleries(std::function<void(const std::string&)> notice) : notice_(std::move(notice)) {}

  /// As an attack looks at them, where it looks at any; and as its judges know them, by whom their faces were found for
  /// these.
  struct Both {
    People attacked, judged;
  };
  Both read(const Assembly& assembly, const Judges& judges);

 private:
  struct Key {
    std::vector<const LoadedModel*> models;
    double minimum_score = 0;
    std::vector<std::string> people;
    auto operator<=>(const Key&) const = default;
  };
  const Gallery& get(const Portraying& by, const Experiment& experiment);

  std::function<void(const std::string&)> notice_;
  Gallery none_;
  std::map<Key, Gallery> galleries_;
};

}  // namespace faceoff
