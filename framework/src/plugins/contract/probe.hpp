#pragma once

#include <faceoff/error.hpp>
#include <faceoff/plugin.hpp>
#include <faceoff/random.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace faceoff {

/// Throws PluginError where something does not hold that a plugin's interface promises.
inline void require(bool holds, const std::string& why) {
  if (!holds) throw PluginError(why);
}

/// What a plugin is given in one call: tensors with a row a sample, by name, and a key a row for its random numbers.
struct Inputs {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  std::vector<std::uint64_t> keys;

  const at::Tensor& operator[](const std::string& name) const;  ///< undefined where there is none
  Inputs row(std::int64_t index) const;
  Random random() const { return {7, keys}; }
};

/// A plugin of one kind behind what all checks ask of it.
class Probe {
 public:
  virtual ~Probe() = default;

  /// Inputs of a few rows, the same ones for the same seed.
  virtual Inputs inputs(std::uint64_t seed) const = 0;
  /// What the plugin makes of them: the tensors with a row, or some, a sample. Always the same random numbers.
  virtual std::vector<at::Tensor> answer(const Inputs& inputs) const = 0;
  /// Throws where the answer is not what the interface promises.
  virtual void check_answer(const Inputs& inputs) const = 0;
  /// The inputs that a gradient has to reach, any of them; none where there is no gradient.
  virtual std::vector<std::string> differentiable() const { return {}; }

  /// What only this kind promises: a check's name, and a function that throws where it does not hold.
  using Check = std::pair<std::string, std::function<void()>>;
  virtual std::vector<Check> more() const { return {}; }
};

/// The probe for a plugin that is set up.
std::unique_ptr<Probe> make_probe(Plugin& plugin);

}  // namespace faceoff
