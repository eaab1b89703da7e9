#include <faceoff/augmentation.hpp>
#include <faceoff/loss.hpp>
#include <faceoff/model.hpp>
#include <faceoff/objective.hpp>
#include <faceoff/optimizer.hpp>
#include <faceoff/plugin.hpp>

namespace faceoff {

// The key functions: one home for every interface's vtable and type information, so that exceptions and casts work
// across libraries.
Plugin::~Plugin() = default;
Model::~Model() = default;
Loss::~Loss() = default;
Optimizer::~Optimizer() = default;
Augmentation::~Augmentation() = default;
Registrar::~Registrar() = default;
Objective::~Objective() = default;

void Plugin::setup(const Setup&) {}
Output Model::forward_attacked(const at::Tensor& images, Random&) {
  return forward(images);
}

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

std::filesystem::path Setup::resolve(const std::string& name) const {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (fs::is_regular_file(name, ignored)) return name;
  std::string tried;
  if (!fs::path(name).is_absolute()) {
    const fs::path file = fs::path(name).filename();
    const fs::path below = name.starts_with("models/") ? fs::path(name.substr(7)) : file;  // a network's own folder
    for (const fs::path& folder : models) {
      for (const fs::path& candidate : {folder / below, folder / file}) {
        if (fs::is_regular_file(candidate, ignored)) return candidate;
      }
      tried += ", nor " + (folder / below).string();
    }
  }
  if (fs::is_directory(name, ignored)) throw MissingFile(name + " is a folder, not a file", name);
  throw MissingFile("no file " + name + tried +
                        " (scripts/models makes the standard weights; scripts/models --help says how others are added)",
                    name);
}

}  // namespace faceoff
