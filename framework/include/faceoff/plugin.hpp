#pragma once

#include <faceoff/error.hpp>
#include <faceoff/export.hpp>

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

namespace faceoff {

/// Where and in what precision a plugin works, and where its files are.
struct FACEOFF_API Setup {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;          ///< of pictures and outputs; double in finite-difference tests
  std::vector<std::filesystem::path> models;  ///< folders searched for weights after the current one

  /// The file that `name` means: as given, or below one of `models` as it would lie below models/, or its file name
  /// there. Throws MissingFile.
  std::filesystem::path resolve(const std::string& name) const;
};

/// What every plugin is. Parameters are set before `setup`, which loads weights and does whatever else is done once.
class FACEOFF_API Plugin {
 public:
  Plugin() = default;
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;
  virtual ~Plugin();
  virtual void setup(const Setup& setup);
};

}  // namespace faceoff
