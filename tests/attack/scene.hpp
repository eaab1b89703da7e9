#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "attack/objective.hpp"
#include "experiment/experiment_files.hpp"
#include "faces/faces.hpp"
#include "picture/picture.hpp"
#include "support.hpp"

namespace faceoff {

/// Parts of sample1 about its first two faces, of two sizes.
inline std::vector<AttackInput> inputs_of(const Built& built, bool targeted) {
  const at::Tensor whole = to_tensor(read_picture("models/samples/sample1.jpg"), at::kFloat);
  const auto part = [&](std::int64_t x, std::int64_t y, std::int64_t side, double fx, double fy) {
    const at::Tensor small = at::avg_pool2d(whole.narrow(2, y, side).narrow(3, x, side), {4, 4}, {4, 4});
    const double left = (fx - static_cast<double>(x)) / 4, top = (fy - static_cast<double>(y)) / 4;
    return AttackInput{small.contiguous(), {{{left, top, left + 45, top + 58}, .9, {}}}, {}, {}, false, 0};
  };
  std::vector<AttackInput> inputs = {part(340, 300, 320, 414, 355), part(760, 340, 400, 838, 421)};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    inputs[i].key = 11 + i;
    if (!targeted) continue;
    Target target{"somebody", {}};
    for (const LoadedModel* model : built.assembly.surrogates) {
      if (!includes(model->provides, Field::embedding)) continue;
      const std::int64_t length = model->plugin == "face_recognition" ? 128 : 1024;
      const at::Tensor raw = noise({2, length}, -1, 1, 40 + i, at::kFloat);
      target.attacked[model] = raw / raw.norm(2, 1, true);
    }
    inputs[i].targets = {{target}};
  }
  return inputs;
}

/// Its optimizer may be said as inline TOML.
inline std::string experiment(const std::string& attack, const std::string& rest,
                              const std::string& optimizer = "plugin = \"pgd\", steps = 6") {
  return "optimizer = { " + optimizer +
         " }\nname = \"objective\"\nseed = 3\n[data]\npictures = [\"models/samples/sample1.jpg\"]\n"
         "people = [\"models/samples/sample2.jpg\"]\n"
         "[models.tiny]\nplugin = \"tiny_face_detector\"\n"
         "[models.dlib]\nplugin = \"face_recognition\"\nalign = \"box\"\n"
         "[models.faceres]\nplugin = \"torchscript\"\n"
         "[faces]\ndetector = \"tiny\"\n[attack]\n" +
         attack + "\n" + rest;
}

inline const std::string toward = "target = { choice = \"furthest\" }\n";
inline const std::string similarity = "[[loss]]\nplugin = \"similarity\"\nmodels = [\"dlib\"]\n";
inline const std::string detection = "[[loss]]\nplugin = \"detection\"\nmodels = [\"tiny\"]\n";

/// An experiment's objective on the pictures together, and on each alone.
struct Scene {
  explicit Scene(const std::string& text, bool targeted = true)
      : built(text), inputs(inputs_of(built, targeted)), subjects(of(inputs)) {}

  Subjects of(std::span<const AttackInput> some) const { return make_subjects(built.assembly, some); }
  ChainObjective objective() const { return {built.assembly, subjects, inputs}; }

  Built built;
  std::vector<AttackInput> inputs;
  Subjects subjects;
};

inline at::Tensor own(const at::Tensor& x, const Subject& row) {
  return x.narrow(1, 0, row.height).narrow(2, 0, row.width);
}

}  // namespace faceoff
