#pragma once

#include <faceoff/export.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace faceoff {

/// Random numbers for a batch of rows. A row's numbers depend on the seed, the row's key, the step and how many draws
/// came before in that step, and on nothing else: not on the batch, the order of pictures, the thread or the device.
class FACEOFF_API Random {
 public:
  /// A row's own height and width, where rows are padded right and below to one size.
  struct Extent {
    std::int64_t height = 0, width = 0;
  };

  Random(std::uint64_t seed, std::vector<std::uint64_t> rows, at::TensorOptions options = at::kFloat);
  /// The same for rows of these extents, one a row: numbers for the height and width of the largest are drawn for each
  /// row's own, and padded with zeros.
  Random(std::uint64_t seed, std::vector<std::uint64_t> rows, at::TensorOptions options, std::vector<Extent> extents);

  /// From here on, the numbers of this step.
  void start_step(std::int64_t step);

  /// Numbers of this step for rows made of these ones: row i is a copy of row parents[i], with a key of its own. They
  /// depend on the purpose, not on what was drawn before, so that one more user of numbers changes nobody else's.
  Random derive(const std::vector<std::int64_t>& parents, std::string_view purpose) const;

  std::int64_t rows() const { return static_cast<std::int64_t>(rows_.size()); }

  at::Tensor uniform(double low, double high, at::IntArrayRef row = {});       ///< [R,row…] in [low, high)
  at::Tensor normal(double mean, double deviation, at::IntArrayRef row = {});  ///< [R,row…]
  at::Tensor integers(std::int64_t low, std::int64_t high,
                      at::IntArrayRef row = {});  ///< [R,row…] in [low, high], int64

 private:
  /// Whether a row of this shape ends with the largest extent.
  bool fills_extents(at::IntArrayRef row) const;
  template <class Fill>
  at::Tensor draw(at::IntArrayRef row, at::ScalarType type, const Fill& fill);

  std::uint64_t seed_;
  std::vector<std::uint64_t> rows_;
  at::TensorOptions options_;
  std::vector<Extent> extents_;  ///< empty: all are of one size
  std::uint64_t step_ = 0;
  std::uint64_t draws_ = 0;
};

/// A well-mixed 64-bit hash of two numbers (SplitMix64's finaliser), for keys.
FACEOFF_API std::uint64_t mix(std::uint64_t a, std::uint64_t b);

/// FNV-1a, for keys made of names.
FACEOFF_API std::uint64_t hash(std::string_view text);

}  // namespace faceoff
