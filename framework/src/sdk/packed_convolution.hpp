#pragma once

#include <faceoff/layers.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace faceoff::layers {

constexpr double relu6_low = 0, relu6_high = 6;

/// A frozen convolution as oneDNN runs it, with its bias, residual sum and activation, in one call, where it is float32
/// on a processor, or bfloat16 on one that oneDNN has kernels for; elsewhere ATen does. The weights are brought into
/// the order that oneDNN's kernels read once, and not in each call: for the convolution, and for the gradient at its
/// input, which is the transposed one. Nothing but the output is kept for that.
class PackedConvolution {
 public:
  /// `weight` [O,I,kh,kw] and `bias` [O], or undefined; of the options stride, dilation and whether it is depthwise.
  PackedConvolution(at::Tensor weight, at::Tensor bias, const ConvOptions& options);

  /// How many positions of the input the kernel spans along axis 2 or 3.
  std::int64_t reach(std::int64_t axis) const;

  /// activation(conv(x) + bias [+ residual]), x padded with so many zeros on either side; `residual` may be undefined.
  /// x is of the weights' type, or bfloat16. Differentiable in both, once.
  static at::Tensor run(const std::shared_ptr<const PackedConvolution>& convolution, const at::Tensor& x,
                        const at::Tensor& residual, Activation activation, at::IntArrayRef padding);

 private:
  class Step;

  /// The weights in one precision.
  struct Weights {
    at::Tensor weight, bias;
    bool packs = false;  ///< whether oneDNN takes them
    std::once_flag once_forward, once_backward;
    at::Tensor packed, transposed;
  };
  /// Those for an input of this type.
  Weights& weights(at::ScalarType type) const;

  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual, Activation activation,
                     at::IntArrayRef padding) const;
  /// At an input of that size, from the gradient before the activation.
  at::Tensor backward(const at::Tensor& gradient, at::IntArrayRef input, at::IntArrayRef padding) const;

  std::vector<std::int64_t> stride_, dilation_;
  std::int64_t groups_;
  mutable Weights given_, narrow_;
  mutable std::once_flag once_narrow_;
};

}  // namespace faceoff::layers
