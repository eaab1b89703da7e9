#include <faceoff/objective.hpp>

namespace faceoff {

Objective::~Objective() = default;

Steps Objective::steps(std::int64_t n) {
  return {*this, n};
}

Steps::Iterator::Iterator(Steps& steps, std::int64_t step) : steps_(&steps), step_(step) {
  start();
}

Steps::Iterator& Steps::Iterator::operator++() {
  ++step_;
  start();
  return *this;
}

void Steps::Iterator::start() {
  stopped_ = step_ >= steps_->n_ || !steps_->objective_->start_step(step_, steps_->n_);
}

}  // namespace faceoff
