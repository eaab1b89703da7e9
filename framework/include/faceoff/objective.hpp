#pragma once

#include <faceoff/export.hpp>
#include <faceoff/random.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <iterator>

namespace faceoff {

/// What the objective is at k·B points.
struct Evaluation {
  at::Tensor value;     ///< [k·B], to be made small
  at::Tensor gradient;  ///< like x: the value's change a grey level; undefined where only values were asked for
  /// [k·B]: by how much the attack's goal is reached, above 0 it is: the worst over the subject's faces and the
  /// attacked models (cosines for embedders, scores for detectors). Undefined where no attacked model has a goal; not a
  /// number for a row of which a draw shows no face.
  at::Tensor margin;
};

/// Whether an evaluation draws the augmentations' and models' random numbers anew, or those of the evaluation before in
/// this step, so that two points can be compared under one draw.
enum class Draw { anew, again };

class Steps;

/// What an optimizer minimises: the host's whole chain of augmentations, views, models and weighted losses, or a test's
/// toy. Rows of x are subjects, [k·B,3,H,W] in grey levels, the k copies of a subject adjacent: each row costs a
/// forward (and a backward) of its own, and counts as a query. Rows are independent. x may leave the budget, as an
/// attack that looks ahead or samples around a point does; what is kept where the goal is reached lies within it.
class FACEOFF_API Objective {
 public:
  virtual ~Objective();
  /// for (auto step : objective.steps(n)): the loop of every attack. The host counts, shows progress, draws the step's
  /// random numbers and ends the loop early where every subject's goal is met.
  Steps steps(std::int64_t n);

  Evaluation value_and_grad(const at::Tensor& x, Draw draw = Draw::anew) { return answer(x, true, draw); }
  /// The same without the gradient, which costs less, and needs no model that has one.
  Evaluation evaluate(const at::Tensor& x, Draw draw = Draw::anew) { return answer(x, false, draw); }
  at::Tensor value(const at::Tensor& x, Draw draw = Draw::anew) { return answer(x, false, draw).value; }
  /// [k·B] bool: the goal is met, by [attack] stop_at or stop_at_margin where the experiment says one of them, else
  /// where the margin is above 0. An evaluation like any other.
  virtual at::Tensor reached(const at::Tensor& x) = 0;
  /// A row a subject. Numbers of a subject's own height and width are drawn at its own size and padded with zeros.
  virtual Random& random() = 0;

 protected:
  friend class Steps;
  /// What all of the above ask for.
  virtual Evaluation answer(const at::Tensor& x, bool gradient, Draw draw) = 0;
  /// Called before step `step` of `of`; false ends the loop.
  virtual bool start_step(std::int64_t step, std::int64_t of) = 0;
};

/// The range that Objective::steps returns.
class FACEOFF_API Steps {
 public:
  struct End {};
  class FACEOFF_API Iterator {
   public:
    Iterator(Steps& steps, std::int64_t step);
    std::int64_t operator*() const { return step_; }
    Iterator& operator++();
    bool operator==(End) const { return stopped_; }

   private:
    void start();
    Steps* steps_;
    std::int64_t step_;
    bool stopped_ = false;
  };

  Steps(Objective& objective, std::int64_t n) : objective_(&objective), n_(n) {}
  Iterator begin() { return {*this, 0}; }
  static End end() { return {}; }

 private:
  Objective* objective_;
  std::int64_t n_;
};

}  // namespace faceoff
