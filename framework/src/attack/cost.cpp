#include <faceoff/budget.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "attack/attack.hpp"
#include "base/memory.hpp"
#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "faces/targets.hpp"
#include "picture/bounds.hpp"
#include "picture/picture.hpp"
#include "plugins/black_box.hpp"

namespace faceoff {

namespace {

/// About how many bytes a pixel of a picture a variant takes at the most at once, from reading it to judging it: the
/// peaks of `faceoff run` with two steps over a picture of 12 megapixels with one face, less what is taken without a
/// picture, were 3.3 GB of experiments/hide_from_detector.toml and 1.3 GB of experiments/dodge.toml.
std::int64_t bytes_a_pixel(const Assembly& assembly) {
  constexpr std::int64_t whole_picture = 250, faces = 80;
  return only_faces_are_seen(assembly) ? faces : whole_picture;
}

/// Counts what an optimizer asks for; every way is as good as any other.
class Counter : public Objective {
 public:
  explicit Counter(const at::Tensor& origin) : random_(0, {1}, origin.options()) {}

  at::Tensor reached(const at::Tensor& x) override { return at::zeros({x.size(0)}, x.options().dtype(at::kBool)); }
  Random& random() override { return random_; }

  std::int64_t gradients = 0, values = 0;

 protected:
  Evaluation answer(const at::Tensor& x, bool gradient, Draw) override {
    (gradient ? gradients : values) += x.size(0);
    return {at::zeros({x.size(0)}, x.options()), gradient ? at::ones_like(x) : at::Tensor(), {}};
  }
  bool start_step(std::int64_t step, std::int64_t) override {
    random_.start_step(step);
    return true;
  }

 private:
  Random random_;
};

/// Where a picture shows nobody, a face in its middle, whose height is two fifths of the shorter side.
Face in_the_middle(const at::Tensor& picture) {
  const auto high = static_cast<double>(picture.size(2)), wide = static_cast<double>(picture.size(3));
  const double height = .4 * std::min(high, wide), width = .8 * height;
  const double left = (wide - width) / 2, top = (high - height) / 2;
  // Where the detector gives five points, they lie about so.
  const at::Tensor shares = at::tensor({.31, .4, .69, .4, .5, .58, .36, .78, .64, .78}, at::kDouble).view({5, 2});
  return {{left, top, left + width, top + height},
          1,
          at::tensor({left, top}, at::kDouble) + shares * at::tensor({width, height}, at::kDouble)};
}

/// A picture whose faces are their own targets.
AttackInput input_of(const Assembly& assembly, const Picture& picture,
                     std::map<const LoadedModel*, at::Tensor>& means) {
  const Experiment& experiment = assembly.experiment;
  AttackInput input;
  input.clean = to_tensor(picture, at::TensorOptions(experiment.device).dtype(at::kByte));
  input.grey = picture.grey;
  input.key = 1;
  input.faces = find_faces(*assembly.detector, assembly.landmarks, input.clean, experiment.minimum_score);
  if (input.faces.empty()) {
    input.faces = {in_the_middle(input.clean)};
    if (assembly.landmarks != nullptr) add_landmarks(*assembly.landmarks, input.clean, input.faces);
  }
  for (const Face& face : input.faces) {
    Target target;
    for (const LoadedModel* model : assembly.embedders) {
      const at::Tensor own = embed(*model, input.clean, face);
      target.attacked[model] = own.unsqueeze(0);
      means[model] = own / 2;
    }
    if (!experiment.targets.empty()) input.targets.push_back({target});
  }
  return input;
}

/// How long something takes, after one time in which it may get ready: the shortest of three, for the machine may have
/// other things to do, but of what takes long in itself one time tells as much, and the first of what takes very long.
template <class Work>
double time_of(const Work& work) {
  constexpr double long_enough = .5, too_long = 3;  // seconds
  const auto once = [&] {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const double first = once();
  if (first > too_long) return first;
  double shortest = std::numeric_limits<double>::infinity(), all = 0;
  for (int i = 0; i < 3 && all < long_enough; ++i) {
    const double seconds = once();
    shortest = std::min(shortest, seconds);
    all += seconds;
  }
  return shortest;
}

}  // namespace

Picture read_to_attack(const Assembly& assembly, const std::filesystem::path& file, const std::filesystem::path& name) {
  const std::vector<std::uint8_t> bytes = read_picture_file(file, {.name = name});
  require_bounds(read_header(bytes, name.string()), name.string(), ReadOptions().max_pixels, bytes_a_pixel(assembly));
  return decode_picture(bytes, name.string());
}

bool fits_into_memory(const Assembly& assembly, std::int64_t pixels) {
  return pixels * bytes_a_pixel(assembly) <= available_memory();
}

double seconds_of_attack(const Assembly& assembly, const Picture& picture, std::size_t together) {
  const at::Tensor patch = at::full({1, 3, 8, 8}, 128., at::kFloat);
  Counter counter(patch);
  assembly.optimizer->run(counter,
                          Budget(patch, at::ones({1, 1, 8, 8}), assembly.experiment.epsilon, assembly.experiment.norm));

  ObjectiveOptions options;
  options.partners = [](const LoadedModel& model, const std::vector<std::size_t>& pictures, std::int64_t each,
                        Random&) {
    return at::full({static_cast<std::int64_t>(pictures.size()), each, 3, model.view.height, model.view.width}, 128.,
                    at::kFloat);
  };
  const AttackInput one = input_of(assembly, picture, options.means);
  // What all evaluations of so many such pictures take.
  const auto seconds_of = [&](std::size_t count) {
    const std::vector<AttackInput> inputs(count, one);
    const Subjects subjects = make_subjects(assembly, inputs);
    ChainObjective objective(assembly, subjects, inputs, options);
    double seconds = 0;
    for ([[maybe_unused]] const auto step : objective.steps(1)) {
      if (counter.gradients > 0)
        seconds += static_cast<double>(counter.gradients) * time_of([&] { objective.value_and_grad(subjects.pixels); });
      if (counter.values > 0)
        seconds += static_cast<double>(counter.values) * time_of([&] { objective.value(subjects.pixels); });
    }
    return seconds;
  };
  double seconds = seconds_of(1);
  // Many small views take less time together. Of what takes long alone the views are large.
  constexpr double long_alone = .5;
  const auto evaluations = static_cast<double>(std::max<std::int64_t>(counter.gradients + counter.values, 1));
  if (together > 1 && seconds / evaluations < long_alone)
    seconds = seconds_of(together) / static_cast<double>(together);
  BlackBox::here().end_item();
  return seconds * static_cast<double>(assembly.experiment.restarts);
}

}  // namespace faceoff
