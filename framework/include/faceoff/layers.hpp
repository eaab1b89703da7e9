#pragma once

#include <faceoff/export.hpp>
#include <faceoff/random.hpp>

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>

/// Layers of frozen networks. Their weights never get a gradient, batch norm is folded into the convolution before it,
/// and bias, residual sum and activation belong to the convolution, so that one call does all of it: oneDNN's, on a
/// processor, with weights that are laid out for it once, and ATen's elsewhere. Inputs are [R,C,H,W]
/// float32 or float64, in any memory format; channels_last is the fast one. What layers give is differentiable once.
namespace faceoff::layers {

class PackedConvolution;

enum class Precision { float32, bfloat16 };

/// While it lives, its thread's convolutions give this precision, and compute in it what they see in it: all but a
/// network's first, for bfloat16 knows a pixel to half a grey level. So does what follows them until flatten_nhwc,
/// global_average or a Linear, which give float32 again: a softmax or a norm needs its digits. The host holds one
/// around a model that is attacked, as an experiment's `precision` says. Of guards the inner one counts.
class FACEOFF_API PrecisionGuard {
 public:
  explicit PrecisionGuard(Precision precision);
  PrecisionGuard(const PrecisionGuard&) = delete;
  PrecisionGuard& operator=(const PrecisionGuard&) = delete;
  ~PrecisionGuard();
  /// Whether a convolution has given bfloat16 since then.
  bool narrowed() const { return narrowed_; }

  /// The type that a convolution on x gives: x's own but where a guard says otherwise.
  static at::ScalarType after(const at::Tensor& x);

 private:
  Precision precision_;
  PrecisionGuard* outer_;
  bool narrowed_ = false;
};

enum class Activation { none, relu, relu6 };
enum class Padding {
  valid,
  same,       ///< TensorFlow's: SAME pads total = max((⌈in/s⌉−1)s + k − in, 0), the odd one after
  symmetric,  ///< PyTorch's usual (k−1)/2 on every side; of convolutions alone
};

struct ConvOptions {
  std::int64_t stride = 1;
  Padding padding = Padding::same;
  Activation activation = Activation::none;
  bool depthwise = false;     ///< weight [C,1,kh,kw]
  std::int64_t dilation = 1;  ///< the kernel's k positions span (k−1)·dilation + 1
};

/// Zeros a share of the features at random, a row on its own, and scales the others so that the mean stays: for a model
/// that is random while it is attacked. By default it leaves all as they are.
class FACEOFF_API Dropout {
 public:
  Dropout() = default;
  /// Keeps a reference to `random`, which has a row an image and is drawn from anew in each call.
  Dropout(double share, Random& random) : share_(share), random_(&random) {}
  at::Tensor operator()(const at::Tensor& x) const;
  bool drops() const { return share_ > 0; }

 private:
  double share_ = 0;
  Random* random_ = nullptr;
};

/// A frozen convolution: activation(dropout(conv(x) + bias) [+ residual]).
class FACEOFF_API Conv2d {
 public:
  Conv2d() = default;
  /// weight [O,I,kh,kw]; bias [O] or undefined.
  Conv2d(const at::Tensor& weight, const at::Tensor& bias, const ConvOptions& options = {});
  at::Tensor operator()(const at::Tensor& x) const;
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& residual, const Dropout& dropout = {}) const;

 private:
  /// activation(conv(x) + bias [+ residual])
  at::Tensor run(const at::Tensor& x, const at::Tensor& residual, Activation activation) const;
  ConvOptions options_;
  std::shared_ptr<const PackedConvolution> convolution_;
};

/// x·weightᵀ + bias; weight [out,in].
class FACEOFF_API Linear {
 public:
  Linear() = default;
  Linear(const at::Tensor& weight, const at::Tensor& bias = {});
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  at::Tensor weight_, bias_;
};

/// Weight and bias of a convolution with a following affine or batch norm folded in: scale and shift are [O].
struct Folded {
  at::Tensor weight, bias;
};
FACEOFF_API Folded fold_affine(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& scale,
                               const at::Tensor& shift);
FACEOFF_API Folded fold_batch_norm(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& gamma,
                                   const at::Tensor& beta, const at::Tensor& mean, const at::Tensor& variance,
                                   double epsilon);

FACEOFF_API at::Tensor max_pool(const at::Tensor& x, std::int64_t size, std::int64_t stride, Padding padding);
FACEOFF_API at::Tensor average_pool(const at::Tensor& x, std::int64_t size, std::int64_t stride, Padding padding);

FACEOFF_API at::Tensor activate(const at::Tensor& x, Activation activation);

/// x where it is positive, and elsewhere a channel's slope [C] times x, for x [R,C,…]. He et al., "Delving Deep into
/// Rectifiers", ICCV 2015.
FACEOFF_API at::Tensor prelu(const at::Tensor& x, const at::Tensor& slope);

/// [R,C,H,W] → [R,H·W·C] in TensorFlow's order.
FACEOFF_API at::Tensor flatten_nhwc(const at::Tensor& x);

/// [R,C,H,W] → [R,C], the mean of each channel.
FACEOFF_API at::Tensor global_average(const at::Tensor& x);

/// images [R,3,H,W] → (images − mean)/scale in channels_last; mean has three entries.
FACEOFF_API at::Tensor normalise(const at::Tensor& images, at::ArrayRef<double> mean, double scale);

}  // namespace faceoff::layers
