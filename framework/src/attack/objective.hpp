#pragma once

#include <faceoff/images.hpp>
#include <faceoff/objective.hpp>
#include <faceoff/output.hpp>

#include <exception>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "attack/assembly.hpp"
#include "attack/subject.hpp"
#include "attack/trace.hpp"
#include "faces/targets.hpp"
#include "faces/views.hpp"

namespace faceoff {

/// The whole chain: subject → augmentations at the picture → each model's view, a row a face → augmentations at the
/// view → model → weighted losses. Copies and draws are averaged, a subject's faces are added up, a loss's models
/// averaged.
class ChainObjective : public Objective {
 public:
  /// picture [1,3,H,W], unperturbed; targets: one a face, or none at all. `progress` is told each step; `means`: the
  /// gallery's mean embeddings. All references are kept.
  /// Where [attack] stop_at is given, the loop ends once every subject's value, as last measured, is as low.
  ChainObjective(const Assembly& assembly, const Subjects& subjects, const at::Tensor& picture,
                 const std::vector<Face>& faces, const std::vector<Target>& targets,
                 std::function<void(std::int64_t step, std::int64_t of)> progress,
                 std::map<const LoadedModel*, at::Tensor> means = {});

  Evaluation value_and_grad(const at::Tensor& x) override;
  at::Tensor value(const at::Tensor& x) override;
  at::Tensor reached(const at::Tensor& x) override;
  Random& random() override { return random_; }

  /// Throws again what an evaluation threw; an optimizer may have caught it.
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }
  /// How many subjects have gone through the models so far.
  std::int64_t queries() const { return queries_; }
  /// What each step came to, by its first evaluation: the objective summed over subjects, the margin averaged over
  /// faces and attacked models, and both over the copies of a subject.
  Trace trace() const { return tracer_.trace(); }

 protected:
  bool start_step(std::int64_t step, std::int64_t of) override;

 private:
  /// Images on their way, with the row of x and the reference row that each belongs to.
  struct Rows {
    Images images;
    std::vector<std::int64_t> subject;    ///< row of x
    std::vector<std::int64_t> reference;  ///< row of the model's references, once there is a model
  };

  at::Tensor chain(const at::Tensor& x);
  /// Runs an evaluation, and remembers what it throws.
  template <class Evaluate>
  auto remembering(const Evaluate& evaluate) {
    try {
      return evaluate();
    } catch (...) {
      thrown_ = std::current_exception();
      throw;
    }
  }
  /// The losses and models, for faults of which nobody knows whose they are.
  std::string attacked() const;
  /// The views of the faces that the pictures show; none where an augmentation moved all of them away. `copies`: how
  /// many rows of x a subject has.
  Rows views(const LoadedModel& model, const Rows& pictures, std::int64_t copies) const;
  Rows augment(Rows rows, Stage at, const Random& random, const std::string& purpose) const;
  Reference reference(const LoadedModel& model, const Rows& rows) const;
  /// The faces' boxes [F,4] as a detector draws them on the clean picture, of which this is its answer.
  at::Tensor drawn_by(const LoadedModel& detector, const Output& clean, const at::Tensor& picture) const;
  /// The picture's boxes [N,4] in the pixels of each row.
  static at::Tensor placed(const at::Tensor& boxes, const Rows& rows);
  /// By how much these rows reach the goal under the model, on average; `shares`: what each row counts for. Undefined
  /// where the model has nothing to do with a goal.
  at::Tensor margin(const LoadedModel& model, const Rows& rows, const Output& output, const Reference& against,
                    const at::Tensor& shares) const;
  void prepare(const LoadedModel& model, const at::Tensor& picture, const std::vector<Target>& targets);

  const Assembly& assembly_;
  const Subjects& subjects_;
  const std::vector<Face>& faces_;
  std::function<void(std::int64_t, std::int64_t)> progress_;
  std::map<const LoadedModel*, at::Tensor> means_;
  Random random_;
  at::Tensor face_boxes_;                               ///< [F,4] in the picture's pixels
  at::Tensor frame_;                                    ///< [1,4] the picture's own rectangle
  std::map<const LoadedModel*, Reference> references_;  ///< clean, targets and own, a row a subject and face
  std::map<const LoadedModel*, at::Tensor> drawn_;      ///< of detectors: the faces' boxes
  at::Tensor latest_;  ///< the subjects' values when they were last asked for with their gradient
  Tracer tracer_;
  std::exception_ptr thrown_;
  std::int64_t queries_ = 0;
  std::int64_t started_ = 0;      ///< steps of all loops so far
  std::int64_t evaluations_ = 0;  ///< in this step
};

}  // namespace faceoff
