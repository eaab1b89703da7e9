#pragma once

#include <functional>
#include <string>
#include <vector>

#include "experiment/experiment.hpp"
#include "faces/portrait.hpp"
#include "plugins/loaded_model.hpp"
#include "plugins/model_pool.hpp"

namespace faceoff {

/// Who judges a variant's pictures, and who finds the faces for recognisers.
struct Judges {
  std::vector<Judge> recognisers;       ///< those that were attacked first, then those of [evaluate]
  std::vector<Judge> detectors;         ///< likewise; that of [faces] where there is no other
  const LoadedModel* finder = nullptr;  ///< finds and aligns faces for recognisers; null where there are none
  const LoadedModel* landmarks = nullptr;
  double minimum_score = .5;  ///< of a face
  at::Device device = at::kCPU;
};

/// The models that an experiment attacks, in the order of its losses, each once. Of one that is not there `missing` is
/// told, with the reason, and says what stands for it: a model that can't be asked.
std::vector<const LoadedModel*> attacked_models(
    const Experiment& experiment, ModelPool& pool,
    const std::function<const LoadedModel*(const std::string& name, const std::string& why)>& missing);

/// The judges of an experiment whose attacked models are these; `attacked`: those of all variants that are judged side
/// by side, which share who finds their faces. `finder`: who finds them whatever the rule says, or null. Throws
/// ConfigError with its place where one is no judge.
Judges judges_of(const Experiment& experiment, ModelPool& pool, const std::vector<const LoadedModel*>& surrogates,
                 const std::vector<const LoadedModel*>& attacked, const LoadedModel* finder = nullptr);

/// Who finds the faces that recognisers are shown: the usual detector unless it, or one that shares its weights or
/// training, was attacked; else the first of those that come with the program that was not and whose weights are there;
/// else the usual one all the same. `usual` may be null. Throws ConfigError where there is nobody.
const LoadedModel& finder_of(ModelPool& pool, const LoadedModel* usual,
                             const std::vector<const LoadedModel*>& attacked);
/// The same of an experiment, whose usual detector is that of [faces].
const LoadedModel& finder_of(const Experiment& experiment, ModelPool& pool,
                             const std::vector<const LoadedModel*>& attacked);

/// How the photos of people become embeddings for these judges, with the usual cache.
Portraying portraying(const Judges& judges);

}  // namespace faceoff
