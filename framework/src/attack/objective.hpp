#pragma once

#include <faceoff/budget.hpp>
#include <faceoff/objective.hpp>
#include <faceoff/output.hpp>

#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "attack/assembly.hpp"
#include "attack/attacked_model.hpp"
#include "attack/margin.hpp"
#include "attack/rows.hpp"
#include "attack/subject.hpp"
#include "attack/target_choice.hpp"
#include "attack/trace.hpp"

namespace faceoff {

/// How good a point of a subject is: by its margin, where that is known; then it beats every point of which it is not,
/// and these go by the objective.
using Fitness = std::pair<bool, double>;
/// Of each row, the greater the better. Both [R]; margins may be undefined, or not a number.
std::vector<Fitness> fitness_of(const at::Tensor& value, const at::Tensor& margin);

/// What an objective is told beside what it attacks.
struct ObjectiveOptions {
  /// Told of each step.
  std::function<void(std::int64_t step, std::int64_t of)> progress = [](std::int64_t, std::int64_t) {};
  std::map<const LoadedModel*, at::Tensor> means = {};  ///< the gallery's mean embeddings
  Partners partners = {};                               ///< may be empty where no augmentation asks for any
};

/// The whole chain: subject → augmentations at the picture → each model's view, a row a face → augmentations at the
/// view → model → weighted losses. Copies and draws are averaged, a subject's faces are added up, a loss's models
/// averaged over those that a step draws. With [attack] balance = "gradient" each model's gradient counts over its own
/// mean size, times the weights of its losses; losses on pixels alone are added as they are.
class ChainObjective : public Objective {
 public:
  /// Keeps references to the first three. All references are asked for here. Where the experiment says when to stop,
  /// the loop ends once every subject has reached that, and its first point that did is kept.
  ChainObjective(const Assembly& assembly, const Subjects& subjects, std::span<const AttackInput> pictures,
                 ObjectiveOptions options = {});

  at::Tensor reached(const at::Tensor& x) override;
  Random& random() override { return random_; }
  const Budget& budget() const { return budget_; }

  /// From here on an attack from its start again, with random numbers of its own; 0: those of the first.
  void restart(std::int64_t number);
  /// Whether every subject has reached what ends its attack.
  bool done() const;

  /// An optimizer's answer with the points that were kept in its place.
  at::Tensor with_kept(const at::Tensor& answer) const;

  /// Throws again what an evaluation threw; an optimizer may have caught it.
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }
  /// How many copies of its subjects of a picture have gone through the models so far.
  std::int64_t queries(std::size_t picture) const;
  /// What each step came to for a picture, by its first evaluation: the objective summed over subjects, the margin
  /// averaged over faces and attacked models, and both over the copies of a subject.
  Trace trace(std::size_t picture) const { return tracer_.trace(picture); }

 protected:
  Evaluation answer(const at::Tensor& x, bool gradient, Draw draw) override;
  bool start_step(std::int64_t step, std::int64_t of) override;

 private:
  std::vector<Rows> pictures_of(const at::Tensor& x, std::int64_t copies) const;
  at::Tensor losses_on_pixels(const std::vector<Rows>& pictures, std::int64_t copies) const;
  Random random_for(std::int64_t copies, Draw draw);
  /// Whether each row meets what ends its subject's attack; undefined where nothing does.
  at::Tensor met(const at::Tensor& value, const at::Tensor& margin) const;
  void keep(const at::Tensor& x, const at::Tensor& value, const at::Tensor& margin);
  void record(const at::Tensor& value, const Margins& margins, std::int64_t copies);

  const Assembly& assembly_;
  const Subjects& subjects_;
  std::span<const AttackInput> pictures_;
  ObjectiveOptions options_;
  Budget budget_;
  std::vector<Extent> shown_;  ///< of each subject
  Random random_;
  std::vector<AttackedModel> attacked_;
  TargetChoice target_;
  TargetChoice clean_target_;             ///< as chosen before the first step, and again by each restart
  std::vector<std::int64_t> picture_of_;  ///< of each subject
  Tracer tracer_;
  std::exception_ptr thrown_;
  std::vector<at::Tensor> kept_;       ///< of each subject the point that is delivered, or undefined
  std::vector<Fitness> kept_fitness_;  ///< for keep = "best"
  std::vector<bool> done_;             ///< which subjects have reached what ends their attack
  std::int64_t evaluated_ = 0;         ///< copies of each subject that have gone through the models
  std::int64_t started_ = 0;           ///< steps of all loops so far
  std::int64_t draws_ = 0;             ///< in this step
  bool step_began_ = false;            ///< and has evaluated nothing
};

}  // namespace faceoff
