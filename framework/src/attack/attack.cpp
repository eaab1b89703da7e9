#include "attack/attack.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "plugins/black_box.hpp"
#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"

namespace faceoff {

namespace {

/// Of each face, which of its targets it is most like, as the attacked embedders see it.
std::vector<std::size_t> nearest_targets(const Assembly& assembly, const AttackInput& input, const at::Tensor& pixels) {
  std::vector<std::size_t> nearest(input.targets.size(), 0);
  for (std::size_t f = 0; f < input.targets.size(); ++f) {
    std::vector<double> likeness(input.targets[f].size(), 0);
    if (likeness.size() < 2) continue;
    for (const LoadedModel* model : assembly.embedders) {
      const at::Tensor is = embed(*model, pixels, input.faces[f]);
      for (std::size_t t = 0; t < likeness.size(); ++t)
        likeness[t] += at::matmul(input.targets[f][t].attacked.at(model), is).mean().item<double>();
    }
    nearest[f] = static_cast<std::size_t>(std::ranges::max_element(likeness) - likeness.begin());
  }
  return nearest;
}

/// The optimizer's answer, checked.
at::Tensor run(const Assembly& assembly, ChainObjective& objective) {
  const Budget& budget = objective.budget();
  const std::string who = "plugin " + assembly.experiment.optimizer.info->name;
  const at::Tensor answer = call_plugin(who, {{"budget.origin", budget.origin}, {"budget.mask", budget.mask}},
                                        [&] { return assembly.optimizer->run(objective, budget); });
  objective.rethrow();
  BlackBox::here().step = -1;
  check_attacked(who, answer, budget);
  return answer.detach().clone();
}

/// Of several attacks each row's best answer, all measured under the same random numbers, until every row has reached
/// what ends its attack.
at::Tensor run_and_restart(const Assembly& assembly, ChainObjective& objective) {
  const auto measured = [&](const at::Tensor& answer) {
    objective.restart(0);
    const Evaluation found = objective.evaluate(answer);
    return fitness_of(found.value, found.margin);
  };
  const at::Tensor best = run(assembly, objective);
  if (assembly.experiment.restarts == 1 || objective.done()) return best;
  std::vector<Fitness> highest = measured(best);
  for (std::int64_t i = 1; i < assembly.experiment.restarts && !objective.done(); ++i) {
    objective.restart(i);
    const at::Tensor answer = run(assembly, objective);
    const std::vector<Fitness> fitness = measured(answer);
    for (std::size_t s = 0; s < fitness.size(); ++s) {
      if (fitness[s] <= highest[s]) continue;
      highest[s] = fitness[s];
      const auto row = static_cast<std::int64_t>(s);
      best[row].copy_(answer[row]);
    }
  }
  return best;
}

}  // namespace

std::vector<AttackResult> attack(const Assembly& assembly, std::span<const AttackInput> pictures,
                                 const ObjectiveOptions& options) {
  const Experiment& experiment = assembly.experiment;
  const Subjects subjects = make_subjects(assembly, pictures);
  ChainObjective objective(assembly, subjects, pictures, options);
  const at::Tensor answer = run_and_restart(assembly, objective);
  const at::NoGradGuard no_grad;
  const at::Tensor optimised = objective.with_kept(answer);
  std::vector<AttackResult> all;
  for (std::size_t p = 0; p < pictures.size(); ++p) {
    const at::Tensor pixels = paste(subjects, optimised, pictures, p, experiment.epsilon, experiment.norm);
    all.push_back({pixels, objective.trace(p), objective.queries(p),
                   nearest_targets(assembly, pictures[p], pixels.to(pictures[p].clean.options()))});
  }
  return all;
}

}  // namespace faceoff
