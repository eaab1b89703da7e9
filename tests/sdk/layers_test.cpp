// Layers against their definitions, and their gradients against central differences.
#include <faceoff/layers.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <tuple>
#include <utility>

#include "attack/objective.hpp"
#include "attack/subject.hpp"
#include "experiment/experiment_files.hpp"
#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "faces/targets.hpp"
#include "faces/views.hpp"
#include "gradients.hpp"
#include "picture/picture.hpp"

namespace faceoff {
namespace {

using layers::Activation;
using layers::Padding;

struct Shape {
  std::int64_t height, width, kernel, stride, dilation = 1;
};

const std::vector<Shape> shapes = {{5, 7, 3, 1}, {6, 6, 3, 1}, {5, 7, 3, 2}, {6, 8, 3, 2},  {7, 6, 3, 2},
                                   {8, 9, 1, 1}, {8, 9, 1, 2}, {9, 8, 2, 2}, {9, 11, 7, 2}, {10, 12, 5, 3}};
const std::vector<Shape> dilated = {{7, 8, 3, 1, 2}, {12, 13, 3, 1, 5}, {9, 8, 3, 2, 3}};

/// Where TensorFlow's SAME begins to read, and how much comes out.
std::int64_t same_size(std::int64_t in, std::int64_t stride) {
  return (in + stride - 1) / stride;
}
std::int64_t same_start(std::int64_t in, std::int64_t kernel, std::int64_t stride) {
  return -(std::max<std::int64_t>((same_size(in, stride) - 1) * stride + kernel - in, 0) / 2);
}

/// Visits every output position's inputs: work(row, column, kernel row, kernel column, input row, input column), only
/// where the input has such a pixel.
template <class Work>
void visit(const Shape& s, Padding padding, std::int64_t& height, std::int64_t& width, const Work& work) {
  const std::int64_t reach = (s.kernel - 1) * s.dilation;
  const auto along =
      [&](std::int64_t in) -> std::pair<std::int64_t, std::int64_t> {  // how much comes out, and from where
    if (padding == Padding::same) return {same_size(in, s.stride), same_start(in, reach + 1, s.stride)};
    const std::int64_t before = padding == Padding::symmetric ? reach / 2 : 0;
    return {(in + 2 * before - reach - 1) / s.stride + 1, -before};
  };
  std::int64_t top = 0, left = 0;
  std::tie(height, top) = along(s.height);
  std::tie(width, left) = along(s.width);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t i = 0; i < s.kernel; ++i) {
        for (std::int64_t j = 0; j < s.kernel; ++j) {
          const std::int64_t row = top + y * s.stride + i * s.dilation, column = left + x * s.stride + j * s.dilation;
          if (row >= 0 && row < s.height && column >= 0 && column < s.width) work(y, x, i, j, row, column);
        }
      }
    }
  }
}

/// A convolution as its definition says it, sum by sum.
at::Tensor convolve_by_hand(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, const Shape& s,
                            Padding padding, bool depthwise) {
  const std::int64_t batch = input.size(0), outputs = weight.size(0), inputs = weight.size(1);
  std::int64_t height = 0, width = 0;
  visit(s, padding, height, width, [](auto...) {});
  at::Tensor out = at::zeros({batch, outputs, height, width}, at::kDouble);
  auto to = out.accessor<double, 4>();
  const auto from = input.accessor<double, 4>(), by = weight.accessor<double, 4>();
  visit(s, padding, height, width, [&](auto y, auto x, auto i, auto j, auto row, auto column) {
    for (std::int64_t b = 0; b < batch; ++b) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        for (std::int64_t c = 0; c < inputs; ++c)
          to[b][o][y][x] += by[o][c][i][j] * from[b][depthwise ? o : c][row][column];
      }
    }
  });
  return bias.defined() ? out + bias.view({1, -1, 1, 1}) : out;
}

void expect_as_defined(const Shape& s, Padding padding, bool depthwise) {
  const at::Tensor input = noise({2, 3, s.height, s.width}, -1, 1, 1);
  const at::Tensor weight = noise({depthwise ? 3 : 4, depthwise ? 1 : 3, s.kernel, s.kernel}, -1, 1, 2);
  const at::Tensor bias = noise({weight.size(0)}, -1, 1, 3);
  const at::Tensor expected = convolve_by_hand(input, weight, bias, s, padding, depthwise);
  const layers::ConvOptions options{
      .stride = s.stride, .padding = padding, .depthwise = depthwise, .dilation = s.dilation};
  SCOPED_TRACE(c10::str(s.height, "x", s.width, " kernel ", s.kernel, " stride ", s.stride, " dilation ", s.dilation,
                        " padding ", static_cast<int>(padding), depthwise ? " depthwise" : ""));
  const layers::Conv2d convolution(weight, bias, options);
  EXPECT_LT(largest_difference(convolution(input), expected), 1e-12);
  EXPECT_LT(largest_difference(convolution(input.contiguous(at::MemoryFormat::ChannelsLast)), expected), 1e-12);
  EXPECT_LT(largest_difference(layers::Conv2d(weight, {}, options)(input),
                               convolve_by_hand(input, weight, {}, s, padding, depthwise)),
            1e-12);
  // In the precision that attacks run in, which takes other code.
  const layers::Conv2d single(weight.to(at::kFloat), bias.to(at::kFloat), options);
  EXPECT_LT(largest_difference(single(input.to(at::kFloat)), expected), 1e-5);
}

TEST(Layers, ConvolutionsAreWhatTheirDefinitionSays) {
  for (const bool depthwise : {false, true}) {
    for (const Padding padding : {Padding::same, Padding::valid}) {
      for (const Shape& s : shapes) expect_as_defined(s, padding, depthwise);
    }
    for (const Shape& s : shapes) {
      if (s.kernel % 2 == 1) expect_as_defined(s, Padding::symmetric, depthwise);
    }
    for (const Shape& s : dilated) {
      for (const Padding padding : {Padding::same, Padding::symmetric}) expect_as_defined(s, padding, depthwise);
    }
  }
}

TEST(Layers, ConvolutionsAddTheResidualBeforeTheirActivation) {
  const at::Tensor input = noise({2, 3, 6, 7}, -1, 1, 1), weight = noise({3, 3, 3, 3}, -9, 9, 2);
  const at::Tensor residual = noise({2, 3, 6, 7}, -5, 5, 3);
  const at::Tensor plain = convolve_by_hand(input, weight, {}, {6, 7, 3, 1}, Padding::same, false);
  for (const auto& [activation, low, high] :
       {std::tuple(Activation::none, -1e9, 1e9), std::tuple(Activation::relu, 0., 1e9),
        std::tuple(Activation::relu6, 0., 6.)}) {
    const layers::Conv2d convolution(weight, {}, {.activation = activation});
    EXPECT_LT(largest_difference(convolution(input), plain.clamp(low, high)), 1e-12);
    EXPECT_LT(largest_difference(convolution(input, residual), (plain + residual).clamp(low, high)), 1e-12);
  }
  ASSERT_GT(plain.max().item<double>(), 6);
  ASSERT_LT(plain.min().item<double>(), 0);
}

TEST(Layers, FoldedBatchNormIsBatchNormAfterTheConvolution) {
  const at::Tensor input = noise({2, 3, 6, 7}, -1, 1, 1), weight = noise({4, 3, 3, 3}, -1, 1, 2);
  const at::Tensor gamma = noise({4}, .5, 2, 3), beta = noise({4}, -1, 1, 4), mean = noise({4}, -1, 1, 5);
  const at::Tensor variance = noise({4}, .1, 3, 6);
  for (const at::Tensor& bias : {at::Tensor(), noise({4}, -1, 1, 7)}) {
    const layers::Folded folded = layers::fold_batch_norm(weight, bias, gamma, beta, mean, variance, 1e-3);
    const at::Tensor expected =
        at::batch_norm(convolve_by_hand(input, weight, bias, {6, 7, 3, 1}, Padding::same, false), gamma, beta, mean,
                       variance, false, 0, 1e-3, false);
    EXPECT_LT(largest_difference(layers::Conv2d(folded.weight, folded.bias)(input), expected), 1e-12);
    const layers::Folded affine = layers::fold_affine(weight, bias, gamma, beta);
    const at::Tensor scaled =
        convolve_by_hand(input, weight, bias, {6, 7, 3, 1}, Padding::same, false) * gamma.view({1, -1, 1, 1}) +
        beta.view({1, -1, 1, 1});
    EXPECT_LT(largest_difference(layers::Conv2d(affine.weight, affine.bias)(input), scaled), 1e-12);
  }
}

TEST(Layers, PoolingIsWhatItsDefinitionSaysAndIgnoresThePadding) {
  for (const Shape& s : shapes) {
    for (const Padding padding : {Padding::same, Padding::valid}) {
      const at::Tensor input = noise({2, 3, s.height, s.width}, -5, -1, 1);  // a padding zero would be the largest
      std::int64_t height = 0, width = 0;
      visit(s, padding, height, width, [](auto...) {});
      at::Tensor largest = at::full({2, 3, height, width}, -1e9, at::kDouble);
      at::Tensor sum = at::zeros_like(largest), count = at::zeros({height, width}, at::kDouble);
      visit(s, padding, height, width, [&](auto y, auto x, auto, auto, auto row, auto column) {
        const at::Tensor value = input.select(2, row).select(2, column);
        largest.select(2, y).select(2, x).copy_(at::maximum(largest.select(2, y).select(2, x), value));
        sum.select(2, y).select(2, x).add_(value);
        count[y][x] += 1;
      });
      EXPECT_LT(largest_difference(layers::max_pool(input, s.kernel, s.stride, padding), largest), 1e-12);
      EXPECT_LT(largest_difference(layers::average_pool(input, s.kernel, s.stride, padding), sum / count), 1e-12);
    }
  }
}

TEST(Layers, LinearFlattenAndNormaliseAreWhatTheirNamesSay) {
  const at::Tensor input = noise({2, 3, 4, 5}, 0, 255, 1);
  const at::Tensor flat = layers::flatten_nhwc(input);
  EXPECT_EQ(flat.sizes(), (std::vector<std::int64_t>{2, 60}));
  EXPECT_EQ(flat[1][(2 * 5 + 4) * 3 + 1].item<double>(), input[1][1][2][4].item<double>());
  const at::Tensor weight = noise({7, 60}, -1, 1, 2), bias = noise({7}, -1, 1, 3);
  EXPECT_LT(largest_difference(layers::Linear(weight, bias)(flat), at::matmul(flat, weight.t()) + bias), 1e-10);
  EXPECT_LT(largest_difference(layers::Linear(weight)(flat), at::matmul(flat, weight.t())), 1e-10);
  const at::Tensor normalised = layers::normalise(input, {10, 20, 30}, 4);
  for (std::int64_t c = 0; c < 3; ++c) {
    EXPECT_LT(largest_difference(normalised.select(1, c), (input.select(1, c) - 10. * static_cast<double>(c + 1)) / 4),
              1e-12);
  }
  EXPECT_TRUE(normalised.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST(Layers, TheirWeightsAreFrozen) {
  at::Tensor weight = noise({4, 3, 3, 3}, -1, 1, 1).requires_grad_(true);
  const at::Tensor input = noise({1, 3, 5, 5}, -1, 1, 2);
  const layers::Conv2d convolution(weight, {});
  const at::Tensor before = convolution(input);
  EXPECT_FALSE(before.requires_grad());
  {
    const at::NoGradGuard no_grad;
    weight.zero_();
  }
  EXPECT_TRUE(same_bits(convolution(input), before));
}

TEST(Layers, HaveTheGradientThatCentralDifferencesGive) {
  const at::Tensor input = noise({2, 3, 7, 8}, -1, 1, 1);
  const auto check = [&](const std::function<at::Tensor(const at::Tensor&)>& layer) {
    const at::Tensor weights = noise(layer(input).sizes(), -1, 1, 9);
    const auto value = [&](const at::Tensor& x) { return (layer(x) * weights).sum(); };
    const at::Tensor variable = input.clone().requires_grad_(true);
    expect_true_gradient([&](const at::Tensor& x) { return value(x).item<double>(); }, input,
                         torch::autograd::grad({value(variable)}, {variable}).front(), 1e-6);
  };
  const at::Tensor weight = noise({3, 3, 3, 3}, -1, 1, 2), bias = noise({3}, -1, 1, 3);
  for (const std::int64_t stride : {1, 2}) {
    check(layers::Conv2d(weight, bias, {.stride = stride, .activation = Activation::relu6}));
    check(layers::Conv2d(noise({3, 1, 3, 3}, -1, 1, 4), bias,
                         {.stride = stride, .activation = Activation::relu, .depthwise = true}));
    check([&](const at::Tensor& x) { return layers::max_pool(x, 3, stride, Padding::same); });
    check([&](const at::Tensor& x) { return layers::average_pool(x, 3, stride, Padding::same); });
  }
  const layers::Conv2d residual(weight, bias, {.activation = Activation::relu});
  check([&](const at::Tensor& x) { return residual(x, x); });
  const at::Tensor slope = at::tensor({.25, -.5, 2.}, at::kDouble);
  check([&](const at::Tensor& x) { return layers::prelu(x, slope); });
}

TEST(Layers, HaveOneGradientOfPreluInEveryLayout) {
  const at::Tensor slope = at::tensor({.25F, -.5F, 2.F}), back = noise({2, 3, 7, 8}, -1, 1, 2, at::kFloat);
  const at::Tensor some = noise(back.sizes(), -1, 1, 1, at::kFloat), x = at::where(some.abs() < .1, 0., some);
  const at::Tensor expected = at::where(x > 0, back, back * slope.view({3, 1, 1}));
  ASSERT_TRUE((x == 0).any().item<bool>());
  for (const at::MemoryFormat layout : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    for (const at::MemoryFormat other : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
      const at::Tensor input = x.contiguous(layout).requires_grad_(true), along = back.contiguous(other);
      const at::Tensor found = torch::autograd::grad({layers::prelu(input, slope)}, {input}, {along}).front();
      EXPECT_TRUE(same_bits(found.contiguous(), expected)) << layout << ", " << other;
    }
  }
}

}  // namespace
}  // namespace faceoff
