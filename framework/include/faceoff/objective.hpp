#pragma once

#include <faceoff/export.hpp>
#include <faceoff/random.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <iterator>

namespace faceoff {

struct Evaluation {
  at::Tensor value;     ///< [B]
  at::Tensor gradient;  ///< like x
};

class Steps;

/// What an optimizer minimises: the host's whole chain of augmentations, views, models and weighted losses, or a test's
/// toy. Rows of x are subjects; an attack that samples around x passes k·B rows, the copies of a row adjacent.
class FACEOFF_API Objective {
 public:
  virtual ~Objective();
  /// for (auto step : objective.steps(n)): the loop of every attack. The host counts, shows progress, draws the step's
  /// random numbers and ends the loop early where the goal is met.
  Steps steps(std::int64_t n);
  virtual Evaluation value_and_grad(const at::Tensor& x) = 0;
  virtual at::Tensor value(const at::Tensor& x) = 0;
  /// [B] bool: the goal's margin is met.
  virtual at::Tensor reached(const at::Tensor& x) = 0;
  /// A row a subject.
  virtual Random& random() = 0;

 protected:
  friend class Steps;
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
