#pragma once

#include <faceoff/augmentation.hpp>
#include <faceoff/loss.hpp>
#include <faceoff/optimizer.hpp>

#include <memory>
#include <string>
#include <vector>

#include "experiment/experiment.hpp"
#include "faces/portrait.hpp"
#include "plugins/loaded_model.hpp"
#include "plugins/model_pool.hpp"

namespace faceoff {

struct LossTerm {
  std::string plugin;
  std::unique_ptr<Loss> loss;
  std::vector<const LoadedModel*> models;  ///< none for a loss on pixels alone
  std::int64_t drawn = 0;                  ///< how many of them count for a subject in a step
  double weight = 1;
  Field needs = Field::none;
};

struct AugmentationStep {
  std::string plugin;
  std::unique_ptr<Augmentation> augmentation;
  double probability = 1;
  std::int64_t draws = 1;
  Stage at = Stage::view;
  std::int64_t partners = 0;  ///< views of other people that it wants for each row
};

/// The plugins of one variant, set up, and checked against one another before any forward.
struct Assembly {
  Assembly(const Experiment& experiment, ModelPool& pool);

  const Experiment& experiment;
  const LoadedModel* detector = nullptr;       ///< of [faces]
  const LoadedModel* landmarks = nullptr;      ///< of [faces], or null
  std::vector<const LoadedModel*> surrogates;  ///< in the order of the losses, each once
  std::vector<const LoadedModel*> embedders;   ///< those of them that embed
  std::vector<LossTerm> losses;
  Field needs = Field::none;  ///< of all losses together
  std::vector<AugmentationStep> augmentations;
  std::unique_ptr<Optimizer> optimizer;

  /// By whom targets are chosen: the first attacked embedder, or null where there is none.
  const LoadedModel* measure() const { return embedders.empty() ? nullptr : embedders.front(); }
};

/// How the photos that an attack looks at become embeddings, with the usual cache.
Portraying portraying(const Assembly& assembly);

}  // namespace faceoff
