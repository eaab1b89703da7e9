#include <faceoff/layers.hpp>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <utility>

#include "packed_convolution.hpp"

namespace faceoff::layers {

namespace {

/// Zero padding (value elsewhere) so that a kernel of this size and stride covers the input as TensorFlow's SAME does.
struct Margins {
  std::int64_t before = 0, after = 0;
};

Margins same_margins(std::int64_t in, std::int64_t kernel, std::int64_t stride) {
  const std::int64_t out = (in + stride - 1) / stride;
  const std::int64_t total = std::max<std::int64_t>((out - 1) * stride + kernel - in, 0);
  return {total / 2, total - total / 2};
}

at::Tensor pad(const at::Tensor& x, Margins rows, Margins columns, double value = 0) {
  return at::constant_pad_nd(x, {columns.before, columns.after, rows.before, rows.after}, value);
}

at::Tensor frozen(const at::Tensor& weight) {
  if (!weight.defined()) return weight;
  const at::Tensor copy = weight.detach().clone();
  return copy.dim() == 4 ? copy.contiguous(at::MemoryFormat::ChannelsLast) : copy.contiguous();
}

thread_local PrecisionGuard* innermost = nullptr;

/// In float32, where layers computed in bfloat16.
at::Tensor widened(const at::Tensor& x) {
  return x.scalar_type() == at::kBFloat16 ? x.to(at::kFloat) : x;
}

/// ATen's own gradient is that of the slopes, too, which nobody asks for, and takes several times as long.
class Prelu : public torch::autograd::Function<Prelu> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& slope) {
    context->save_for_backward({x, slope});
    return at::prelu(x, slope);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &slope = saved[1], &gradient = gradients.front();
    std::vector<std::int64_t> channels(static_cast<std::size_t>(x.dim()), 1);
    channels[1] = slope.numel();
    // The same finite numbers as of where(x > 0, gradient, gradient · slope), whose kernel does not vectorise.
    const at::Tensor kept = at::threshold_backward(gradient, x, 0);
    return {at::addcmul(kept, gradient - kept, slope.view(channels)), at::Tensor()};
  }
};

}  // namespace

PrecisionGuard::PrecisionGuard(Precision precision) : precision_(precision), outer_(std::exchange(innermost, this)) {}

PrecisionGuard::~PrecisionGuard() {
  innermost = outer_;
}

at::ScalarType PrecisionGuard::after(const at::Tensor& x) {
  const bool narrows =
      x.scalar_type() == at::kFloat && innermost != nullptr && innermost->precision_ == Precision::bfloat16;
  if (narrows) innermost->narrowed_ = true;
  return narrows ? at::kBFloat16 : x.scalar_type();
}

at::Tensor Dropout::operator()(const at::Tensor& x) const {
  if (!drops()) return x;
  const at::Tensor kept = random_->uniform(0, 1, x.sizes().slice(1)) >= share_;
  return x * (kept.to(x.options()) / (1 - share_));
}

Conv2d::Conv2d(const at::Tensor& weight, const at::Tensor& bias, const ConvOptions& options)
    : options_(options),
      convolution_(std::make_shared<const PackedConvolution>(frozen(weight), frozen(bias), options)) {}

at::Tensor Conv2d::run(const at::Tensor& x, const at::Tensor& residual, Activation activation) const {
  TORCH_CHECK(convolution_ != nullptr, "a convolution without weights");
  const at::Tensor summand = residual.defined() ? residual.to(x.scalar_type()) : residual;
  const auto run = [&](const at::Tensor& input, std::int64_t rows, std::int64_t columns) {
    return PackedConvolution::run(convolution_, input, summand, activation, {rows, columns})
        .to(PrecisionGuard::after(input));
  };
  const std::int64_t high = convolution_->reach(2), wide = convolution_->reach(3);
  if (options_.padding == Padding::valid) return run(x, 0, 0);
  if (options_.padding == Padding::symmetric) return run(x, (high - 1) / 2, (wide - 1) / 2);
  const Margins rows = same_margins(x.size(2), high, options_.stride);
  const Margins columns = same_margins(x.size(3), wide, options_.stride);
  if (rows.before == rows.after && columns.before == columns.after) return run(x, rows.before, columns.before);
  return run(pad(x, rows, columns), 0, 0);
}

at::Tensor Conv2d::operator()(const at::Tensor& x) const {
  return run(x, {}, options_.activation);
}

at::Tensor Conv2d::operator()(const at::Tensor& x, const at::Tensor& residual, const Dropout& dropout) const {
  if (!dropout.drops()) return run(x, residual, options_.activation);
  return activate(dropout(run(x, {}, Activation::none)) + residual, options_.activation);
}

Linear::Linear(const at::Tensor& weight, const at::Tensor& bias) : weight_(frozen(weight)), bias_(frozen(bias)) {}

at::Tensor Linear::operator()(const at::Tensor& x) const {
  return at::linear(widened(x), weight_, bias_);
}

Folded fold_affine(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& scale, const at::Tensor& shift) {
  return {weight * scale.view({-1, 1, 1, 1}), bias.defined() ? bias * scale + shift : shift};
}

Folded fold_batch_norm(const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& gamma,
                       const at::Tensor& beta, const at::Tensor& mean, const at::Tensor& variance, double epsilon) {
  const at::Tensor scale = gamma / (variance + epsilon).sqrt();
  return fold_affine(weight, bias, scale, beta - mean * scale);
}

at::Tensor max_pool(const at::Tensor& x, std::int64_t size, std::int64_t stride, Padding padding) {
  if (padding == Padding::valid) return at::max_pool2d(x, {size, size}, {stride, stride});
  const at::Tensor padded = pad(x, same_margins(x.size(2), size, stride), same_margins(x.size(3), size, stride),
                                -std::numeric_limits<double>::infinity());
  return at::max_pool2d(padded, {size, size}, {stride, stride});
}

at::Tensor average_pool(const at::Tensor& x, std::int64_t size, std::int64_t stride, Padding padding) {
  if (padding == Padding::valid) return at::avg_pool2d(x, {size, size}, {stride, stride});
  // TensorFlow divides by the number of positions inside the picture, so the pooled ones do the dividing.
  const Margins rows = same_margins(x.size(2), size, stride), columns = same_margins(x.size(3), size, stride);
  const auto pool = [&](const at::Tensor& t) {
    return at::avg_pool2d(pad(t, rows, columns), {size, size}, {stride, stride});
  };
  return pool(x) / pool(at::ones({1, 1, x.size(2), x.size(3)}, x.options()));
}

at::Tensor activate(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::relu:
      return at::relu(x);
    case Activation::relu6:
      return at::hardtanh(x, relu6_low, relu6_high);
  }
  return x;
}

at::Tensor prelu(const at::Tensor& x, const at::Tensor& slope) {
  return Prelu::apply(x, slope.to(x.scalar_type()));
}

at::Tensor flatten_nhwc(const at::Tensor& x) {
  return widened(x).permute({0, 2, 3, 1}).flatten(1);
}

at::Tensor global_average(const at::Tensor& x) {
  return widened(x).mean({2, 3});
}

at::Tensor normalise(const at::Tensor& images, at::ArrayRef<double> mean, double scale) {
  const at::Tensor centre = at::tensor(mean, images.options()).view({1, 3, 1, 1});
  return ((images - centre) / scale).contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace faceoff::layers
