// What a processor runs in float32, and in one call, is what ATen gives in float64, layer by layer.
#include <faceoff/layers.hpp>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <tuple>
#include <vector>

#include "gradients.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

using layers::Activation;
using layers::Conv2d;
using layers::ConvOptions;
using layers::Padding;

struct Answer {
  at::Tensor output, at_x, at_residual;
};

Answer answer(const Conv2d& convolution, at::Tensor x, at::Tensor residual, const at::Tensor& gradient) {
  x = x.detach().requires_grad_(true);
  if (!residual.defined()) {
    const at::Tensor y = convolution(x);
    return {y, torch::autograd::grad({y}, {x}, {gradient}).front(), {}};
  }
  residual = residual.detach().requires_grad_(true);
  const at::Tensor y = convolution(x, residual);
  const auto gradients = torch::autograd::grad({y}, {x, residual}, {gradient});
  return {y, gradients[0], gradients[1]};
}

void expect_close(const at::Tensor& found, const at::Tensor& expected) {
  if (!expected.defined()) return;
  EXPECT_LT(largest_difference(found, expected), 2e-5 * expected.abs().max().item<double>());
}

/// What one convolution is asked in two precisions.
struct Question {
  const Conv2d& wide;    // in float64
  const Conv2d& narrow;  // the same in float32
  at::Tensor x, residual, gradient;
  Answer expected;
};

/// Asks in float64 for pictures of several sizes and counts one after another, and hands on to `compare`.
template <class Compare>
void ask(const ConvOptions& options, std::int64_t rows, std::int64_t columns, bool summed, const Compare& compare) {
  constexpr std::int64_t channels = 16;
  const std::int64_t out = options.depthwise ? channels : 24;
  const at::Tensor weight = noise({out, options.depthwise ? 1 : channels, rows, columns}, -.3, .3, 1);
  const at::Tensor bias = noise({out}, -1, 1, 2);
  const Conv2d wide(weight, bias, options), narrow(weight.to(at::kFloat), bias.to(at::kFloat), options);
  for (const auto& [count, height, width] : {std::tuple{1, 17, 14}, {3, 17, 14}, {2, 9, 23}}) {
    SCOPED_TRACE(c10::str(count, " of ", height, " x ", width));
    const at::Tensor x = noise({count, channels, height, width}, -2, 2, 3);
    const at::Tensor plain = wide(x);
    const at::Tensor residual = summed ? noise(plain.sizes(), -1, 1, 4) : at::Tensor();
    const at::Tensor gradient = noise(plain.sizes(), -1, 1, 5);
    compare(Question{wide, narrow, x, residual, gradient, answer(wide, x, residual, gradient)});
  }
}

at::Tensor as(at::ScalarType type, const at::Tensor& tensor) {
  return tensor.defined() ? tensor.to(type) : tensor;
}

void expect_as_in_double(const ConvOptions& options, std::int64_t rows, std::int64_t columns, bool summed) {
  ask(options, rows, columns, summed, [](const Question& asked) {
    const at::Tensor x = as(at::kFloat, asked.x);
    const Answer found = answer(asked.narrow, x, as(at::kFloat, asked.residual), as(at::kFloat, asked.gradient));
    expect_close(found.output, asked.expected.output);
    expect_close(found.at_x, asked.expected.at_x);
    expect_close(found.at_residual, asked.expected.at_residual);
    EXPECT_TRUE(same_bits(asked.narrow(x), asked.narrow(x))) << "without a graph, too";
  });
}

TEST(PackedConvolution, IsTheSameAsInDouble) {
  for (const Activation activation : {Activation::none, Activation::relu, Activation::relu6}) {
    for (const Padding padding : {Padding::valid, Padding::same, Padding::symmetric}) {
      for (const std::int64_t stride : {1, 2}) {
        for (const bool depthwise : {false, true}) {
          SCOPED_TRACE(c10::str(static_cast<int>(activation), " ", static_cast<int>(padding), " ", stride, depthwise));
          expect_as_in_double({stride, padding, activation, depthwise}, 3, 3, false);
          expect_as_in_double({stride, padding, activation, depthwise}, 3, 3, true);
        }
      }
    }
  }
}

TEST(PackedConvolution, IsTheSameForOtherKernels) {
  expect_as_in_double({}, 1, 1, false);
  expect_as_in_double({.stride = 2}, 1, 1, true);
  expect_as_in_double({.activation = Activation::relu}, 1, 7, true);
  expect_as_in_double({.dilation = 2}, 3, 3, false);
  expect_as_in_double({.stride = 2, .padding = Padding::valid}, 4, 4, false);
}

/// In bfloat16, whose digits are 8 bits.
void expect_near_in_bfloat16(const ConvOptions& options, std::int64_t kernel, bool summed) {
  ask(options, kernel, kernel, summed, [](const Question& asked) {
    const Answer& expected = asked.expected;
    const layers::PrecisionGuard guard(layers::Precision::bfloat16);
    for (const at::ScalarType seen : {at::kFloat, at::kBFloat16}) {
      const Answer found =
          answer(asked.narrow, as(seen, asked.x), as(seen, asked.residual), as(at::kBFloat16, asked.gradient));
      EXPECT_EQ(found.output.scalar_type(), at::kBFloat16);
      EXPECT_EQ(found.at_x.scalar_type(), seen) << "a picture's gradient stays in float32";
      EXPECT_LT(largest_difference(found.output, expected.output), .02 * expected.output.abs().max().item<double>());
      // Where rounding tips an activation, the gradient is another one altogether.
      const at::Tensor gradients = at::stack({found.at_x.to(at::kDouble).flatten(), expected.at_x.flatten()});
      EXPECT_GT(at::cosine_similarity(gradients[0], gradients[1], 0).item<double>(), .99);
    }
    EXPECT_TRUE(guard.narrowed());
  });
}

TEST(PackedConvolution, IsNearlyTheSameInBfloat16) {
  for (const Activation activation : {Activation::none, Activation::relu, Activation::relu6}) {
    for (const std::int64_t stride : {1, 2}) {
      for (const bool depthwise : {false, true}) {
        for (const bool summed : {false, true}) {
          SCOPED_TRACE(c10::str(static_cast<int>(activation), " ", stride, depthwise, summed));
          expect_near_in_bfloat16({.stride = stride, .activation = activation, .depthwise = depthwise}, 3, summed);
          if (!depthwise) expect_near_in_bfloat16({.stride = stride, .activation = activation}, 1, summed);
        }
      }
    }
  }
}

TEST(PrecisionGuard, CountsFromWithinAndEndsWithItsScope) {
  const Conv2d convolution(noise({8, 4, 3, 3}, -1, 1, 1).to(at::kFloat), {});
  const at::Tensor x = noise({2, 4, 9, 8}, -1, 1, 2).to(at::kFloat);
  {
    const layers::PrecisionGuard outer(layers::Precision::bfloat16);
    {
      const layers::PrecisionGuard inner(layers::Precision::float32);
      EXPECT_EQ(convolution(x).scalar_type(), at::kFloat);
    }
    EXPECT_FALSE(outer.narrowed());
    EXPECT_EQ(convolution(x).scalar_type(), at::kBFloat16);
    EXPECT_EQ(layers::flatten_nhwc(convolution(x)).scalar_type(), at::kFloat);
    EXPECT_EQ(layers::global_average(convolution(x)).scalar_type(), at::kFloat);
  }
  EXPECT_EQ(convolution(x).scalar_type(), at::kFloat);
}

// A resumed run, or another process of it, begins with another batch.
TEST(PackedConvolution, GivesTheSameBitsWhateverItSawFirst) {
  const at::Tensor weight = noise({64, 48, 3, 3}, -.3, .3, 1).to(at::kFloat);
  const Conv2d first(weight, {}), second(weight, {});
  const at::Tensor x = noise({8, 48, 17, 17}, -2, 2, 2).to(at::kFloat), gradient = at::ones({8, 64, 17, 17});
  answer(first, x.narrow(0, 0, 1).narrow(2, 0, 5), {}, gradient.narrow(0, 0, 1).narrow(2, 0, 5));
  const Answer after_another = answer(first, x, {}, gradient), at_once = answer(second, x, {}, gradient);
  EXPECT_TRUE(same_bits(after_another.output, at_once.output));
  EXPECT_TRUE(same_bits(after_another.at_x, at_once.at_x));
}

TEST(PackedConvolution, TakesPicturesInAnyOrderOfTheirPixels) {
  const Conv2d convolution(noise({8, 4, 3, 3}, -1, 1, 1).to(at::kFloat), {});
  const at::Tensor x = noise({2, 4, 9, 8}, -1, 1, 2).to(at::kFloat);
  const at::Tensor expected = convolution(x);
  EXPECT_TRUE(same_bits(convolution(x.contiguous(at::MemoryFormat::ChannelsLast)), expected));
  EXPECT_TRUE(same_bits(convolution(x.transpose(2, 3).contiguous().transpose(2, 3)), expected));
}

}  // namespace
}  // namespace faceoff
