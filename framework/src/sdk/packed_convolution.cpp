#include "packed_convolution.hpp"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace faceoff::layers {

namespace {

using Scalars = torch::List<std::optional<at::Scalar>>;

/// PyTorch's calls of oneDNN, which its compiler makes, and ATen has no functions for.
template <class Signature>
auto operation(const char* name, const char* overload = "") {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, overload).typed<Signature>();
}

using Pointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, at::IntArrayRef,
                             at::IntArrayRef, at::IntArrayRef, std::int64_t, std::string_view, Scalars,
                             std::optional<std::string_view>);
using PointwiseSum = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                                const std::optional<at::Tensor>&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef,
                                std::int64_t, std::string_view, std::optional<at::Scalar>,
                                std::optional<std::string_view>, Scalars, std::optional<std::string_view>);
using Transposed = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, at::IntArrayRef,
                              at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, std::int64_t, std::string_view,
                              Scalars, std::optional<std::string_view>);
using PackTransposed = at::Tensor(const at::Tensor&, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef, at::IntArrayRef,
                                  std::int64_t, at::OptionalIntArrayRef);

/// What oneDNN calls an activation, and its numbers.
std::pair<std::string_view, Scalars> onednn_activation(Activation activation) {
  switch (activation) {
    case Activation::relu:
      return {"relu", Scalars()};
    case Activation::relu6:
      return {"hardtanh", Scalars({at::Scalar(relu6_low), at::Scalar(relu6_high)})};
    case Activation::none:
      break;
  }
  return {"none", Scalars()};
}

/// The gradient before an activation, from that behind it and what it gave.
at::Tensor before(Activation activation, const at::Tensor& gradient, const at::Tensor& output) {
  switch (activation) {
    case Activation::relu:
      return at::threshold_backward(gradient, output, 0);
    case Activation::relu6:
      return at::hardtanh_backward(gradient, output, relu6_low, relu6_high);
    case Activation::none:
      break;
  }
  return gradient;
}

/// Whether oneDNN has kernels for bfloat16 on this processor.
bool has_bfloat16() {
  static const bool has = operation<bool()>("mkldnn::_is_mkldnn_bf16_supported").call();
  return has;
}

/// Whether oneDNN is there, and for this.
bool takes(const at::Tensor& x) {
  return x.device().is_cpu() && x.numel() > 0 && at::globalContext().userEnabledMkldnn() && at::hasMKLDNN() &&
         (x.scalar_type() == at::kFloat || (x.scalar_type() == at::kBFloat16 && has_bfloat16()));
}

at::Tensor channels_last(const at::Tensor& x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast);
}

/// What a graph keeps of a convolution.
struct KeptConvolution : torch::CustomClassHolder {
  explicit KeptConvolution(std::shared_ptr<const PackedConvolution> one) : convolution(std::move(one)) {}
  std::shared_ptr<const PackedConvolution> convolution;
};

}  // namespace

/// The convolution in a graph.
class PackedConvolution::Step : public torch::autograd::Function<Step> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            const std::optional<at::Tensor>& residual,
                            const std::shared_ptr<const PackedConvolution>& convolution, Activation activation,
                            at::IntArrayRef padding) {
    at::Tensor output = convolution->forward(x, residual.value_or(at::Tensor()), activation, padding);
    context->saved_data["convolution"] = c10::IValue::make_capsule(c10::make_intrusive<KeptConvolution>(convolution));
    context->saved_data["input"] = x.sizes();
    context->saved_data["padding"] = padding;
    context->saved_data["residual"] = residual.has_value();
    context->saved_data["activation"] = static_cast<std::int64_t>(activation);
    if (activation != Activation::none) context->save_for_backward({output});
    return output;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto kept = context->saved_data["convolution"].toCapsule();
    const PackedConvolution* convolution = static_cast<const KeptConvolution&>(*kept).convolution.get();
    const auto activation = static_cast<Activation>(context->saved_data["activation"].toInt());
    at::Tensor gradient = gradients.front();
    if (activation != Activation::none) gradient = before(activation, gradient, context->get_saved_variables().front());
    return {convolution->backward(gradient, context->saved_data["input"].toIntVector(),
                                  context->saved_data["padding"].toIntVector()),
            context->saved_data["residual"].toBool() ? gradient : at::Tensor(), at::Tensor(), at::Tensor(),
            at::Tensor()};
  }
};

PackedConvolution::PackedConvolution(at::Tensor weight, at::Tensor bias, const ConvOptions& options)
    : stride_(2, options.stride), dilation_(2, options.dilation), groups_(options.depthwise ? weight.size(0) : 1) {
  given_.weight = std::move(weight);
  given_.bias = std::move(bias);
  given_.packs = takes(given_.weight);
}

std::int64_t PackedConvolution::reach(std::int64_t axis) const {
  return (given_.weight.size(axis) - 1) * dilation_[static_cast<std::size_t>(axis - 2)] + 1;
}

PackedConvolution::Weights& PackedConvolution::weights(at::ScalarType type) const {
  if (type != at::kBFloat16) return given_;
  std::call_once(once_narrow_, [&] {
    const at::NoGradGuard no_grad;
    narrow_.weight = given_.weight.to(at::kBFloat16);
    if (given_.bias.defined()) narrow_.bias = given_.bias.to(at::kBFloat16);
    narrow_.packs = takes(narrow_.weight);
  });
  return narrow_;
}

at::Tensor PackedConvolution::run(const std::shared_ptr<const PackedConvolution>& convolution, const at::Tensor& x,
                                  const at::Tensor& residual, Activation activation, at::IntArrayRef padding) {
  const Weights& weights = convolution->weights(x.scalar_type());
  if (!weights.packs || !takes(x)) {
    const at::Tensor sum = at::conv2d(x, weights.weight, weights.bias, convolution->stride_, padding,
                                      convolution->dilation_, convolution->groups_);
    return activate(residual.defined() ? sum + residual : sum, activation);
  }
  const bool graph =
      at::GradMode::is_enabled() && (x.requires_grad() || (residual.defined() && residual.requires_grad()));
  if (!graph) return convolution->forward(x, residual, activation, padding);
  const std::optional<at::Tensor> summand = residual.defined() ? std::optional(residual) : std::nullopt;
  return Step::apply(x, summand, convolution, activation, padding);
}

at::Tensor PackedConvolution::forward(const at::Tensor& x, const at::Tensor& residual, Activation activation,
                                      at::IntArrayRef padding) const {
  const at::NoGradGuard no_grad;
  Weights& own = weights(x.scalar_type());
  std::call_once(own.once_forward, [&] {
    own.packed =
        at::mkldnn_reorder_conv2d_weight(own.weight.to_mkldnn(), padding, stride_, dilation_, groups_, x.sizes());
  });
  const std::optional<at::Tensor> bias = own.bias.defined() ? std::optional(own.bias) : std::nullopt;
  if (residual.defined() && groups_ > 1)  // which PyTorch does not have oneDNN add in bfloat16
    return activate(forward(x, {}, Activation::none, padding) + residual, activation);
  if (residual.defined()) {
    // Behind a sum oneDNN is only asked for ReLU.
    static const auto convolve = operation<PointwiseSum>("mkldnn::_convolution_pointwise", "binary");
    const bool relu = activation == Activation::relu;
    const at::Tensor sum = convolve.call(channels_last(x), channels_last(residual), own.packed, bias, padding, stride_,
                                         dilation_, groups_, "add", at::Scalar(1.),
                                         relu ? std::optional<std::string_view>("relu") : std::nullopt, Scalars(), "");
    return relu ? sum : activate(sum, activation);
  }
  static const auto convolve = operation<Pointwise>("mkldnn::_convolution_pointwise");
  const auto [name, scalars] = onednn_activation(activation);
  return convolve.call(channels_last(x), own.packed, bias, padding, stride_, dilation_, groups_, name, scalars, "");
}

at::Tensor PackedConvolution::backward(const at::Tensor& gradient, at::IntArrayRef input,
                                       at::IntArrayRef padding) const {
  const at::NoGradGuard no_grad;
  const bool strided = stride_.front() > 1;
  if (gradient.scalar_type() == at::kBFloat16 && groups_ > 1 && strided)  // twenty times as slow in bfloat16
    return backward(gradient.to(at::kFloat), input, padding).to(at::kBFloat16);
  std::vector<std::int64_t> more;  // rows and columns behind those that the last stride reaches
  for (std::size_t axis = 0; axis < stride_.size(); ++axis) {
    const std::int64_t place = static_cast<std::int64_t>(axis) + 2;
    more.push_back(input[axis + 2] - ((gradient.size(place) - 1) * stride_[axis] - 2 * padding[axis] + reach(place)));
  }
  Weights& own = weights(gradient.scalar_type());
  std::call_once(own.once_backward, [&] {
    static const auto pack = operation<PackTransposed>("mkldnn::_reorder_convolution_transpose_weight");
    own.transposed = pack.call(own.weight, padding, more, stride_, dilation_, groups_, gradient.sizes());
  });
  static const auto convolve = operation<Transposed>("mkldnn::_convolution_transpose_pointwise");
  return convolve.call(channels_last(gradient), own.transposed, std::nullopt, padding, more, stride_, dilation_,
                       groups_, "none", Scalars(), "");
}

}  // namespace faceoff::layers
