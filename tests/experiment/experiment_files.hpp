#pragma once

#include <memory>
#include <string>
#include <vector>

#include "attack/assembly.hpp"
#include "experiment/experiment.hpp"
#include "plugins/model_pool.hpp"
#include "plugins/plugin_files.hpp"
#include "support.hpp"
#include "toml/document.hpp"

namespace faceoff {

/// An experiment's text as the file that the host reads.
struct ExperimentFile {
  explicit ExperimentFile(const std::string& text) : path(write_bytes(folder / "experiment.toml", text)) {}
  TemporaryFolder folder;
  std::filesystem::path path;
};

/// One variant of an experiment, read, checked and set up.
struct Built {
  explicit Built(const std::string& text, at::ScalarType dtype = at::kFloat)
      : file(text),
        document(file.path, {}),
        experiments(read_experiments(document, tree_plugins())),
        pool(tree_plugins(), tree_setup(dtype), {}),
        assembly(experiments.front(), pool) {}
  Built(const Built&) = delete;
  Built& operator=(const Built&) = delete;

  ExperimentFile file;
  Document document;
  std::vector<Experiment> experiments;
  ModelPool pool;
  Assembly assembly;
};

}  // namespace faceoff
