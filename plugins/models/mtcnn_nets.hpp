#pragma once

#include <faceoff/layers.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "summed_area.hpp"

/// MTCNN's nets, and what they are asked.
namespace faceoff::mtcnn {

using layers::Conv2d;
using summed_area::Axis;
using summed_area::Table;
using summed_area::Window;

/// What a net says of N windows.
struct Answer {
  at::Tensor scores;  // [N] how certain it is of a face
  at::Tensor shifts;  // [N,4] by how much of the box's sides the box's edges are off
  at::Tensor points;  // [N,10] five x, then five y, in the box's sides; O-net's alone

  std::vector<at::Tensor> tensors() const {
    return points.defined() ? std::vector{scores, shifts, points} : std::vector{scores, shifts};
  }
};

/// P-, R- or O-net. Their fully connected layers are convolutions here, so that all three are alike. Pixels are in
/// [0,255]: what the procedure does to them first is in the first layer's weights.
struct Net {
  struct Layer {
    Conv2d convolution;
    at::Tensor slope;       // of PReLU
    std::int64_t pool = 0;  // size of the max pooling by 2 that follows; 0: none
  };
  std::vector<Layer> layers;
  Conv2d face, box;
  std::optional<Conv2d> points;

  /// `absent` [N,1,h,w], where it is defined: positions of the first layer that a picture's border cuts off.
  at::Tensor features(at::Tensor x, const at::Tensor& absent = {}) const {
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const Layer& layer = layers[i];
      x = layers::prelu(layer.convolution(x), layer.slope);
      if (i == 0 && absent.defined()) x = x.masked_fill(absent, -std::numeric_limits<double>::infinity());
      if (layer.pool > 0) x = at::max_pool2d(x, {layer.pool, layer.pool}, {2, 2}, 0, 1, true);
    }
    return x;
  }
  /// [N,h,w] of features [N,C,h,w]: one minus the probability of no face. Near 1 all digits are in that, and so is the
  /// gradient.
  at::Tensor scores(const at::Tensor& features) const {
    const at::Tensor logits = face(features);
    return 1 - at::sigmoid(logits.select(1, 0) - logits.select(1, 1));
  }
  /// Of features [N,C,1,1].
  Answer answer(const at::Tensor& features) const {
    return {scores(features).flatten(), box(features).flatten(1),
            points ? (*points)(features).flatten(1) : at::Tensor()};
  }
};

/// Those of the windows that have these numbers [K].
inline std::vector<Window> chosen(const std::vector<Window>& windows, const at::Tensor& numbers) {
  const at::Tensor here = numbers.cpu();
  std::vector<Window> some;
  for (std::int64_t i = 0; i < here.size(0); ++i)
    some.push_back(windows[static_cast<std::size_t>(here[i].item<std::int64_t>())]);
  return some;
}

/// Windows of n × n cells that a net is asked about.
struct Question : torch::CustomClassHolder {
  std::shared_ptr<const Table> picture;
  std::shared_ptr<const Net> net;
  std::int64_t n = 0;
  std::vector<Window> windows;

  Question(std::shared_ptr<const Table> of, std::shared_ptr<const Net> whom, std::int64_t cells,
           std::vector<Window> about)
      : picture(std::move(of)), net(std::move(whom)), n(cells), windows(std::move(about)) {}

  /// About those windows alone that have these numbers [K].
  Question about(const at::Tensor& numbers) const { return {picture, net, n, chosen(windows, numbers)}; }

  at::Tensor crops() const { return picture->cut(windows, n, n); }
  Answer answer(const at::Tensor& crops) const { return net->answer(net->features(crops, beyond())); }

 private:
  /// Where a level of the pyramid has an odd size, the last window's last cell is beyond it, and the pooling goes
  /// without.
  at::Tensor beyond() const {
    const auto reaches = [&](const Axis& axis) { return axis.is_beyond(n - 1); };
    if (std::ranges::none_of(windows, [&](const Window& one) { return reaches(one.rows) || reaches(one.columns); }))
      return {};
    const std::int64_t side = n - 2;  // of the first layer's map
    at::Tensor absent = at::zeros({static_cast<std::int64_t>(windows.size()), 1, side, side}, at::kBool);
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const at::Tensor one = absent[static_cast<std::int64_t>(i)][0];
      if (reaches(windows[i].rows)) one.select(0, side - 1).fill_(true);
      if (reaches(windows[i].columns)) one.select(1, side - 1).fill_(true);
    }
    return absent.to(picture->options().device());
  }
};

/// An answer that is there already gets the gradient of its question. It is computed of those windows alone whose
/// answer somebody goes by.
class WithGradient : public torch::autograd::Function<WithGradient> {
 public:
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context, const at::Tensor& /*image*/,
                                                const c10::intrusive_ptr<Question>& question, const Answer& answer) {
    context->saved_data["question"] = c10::IValue::make_capsule(question);
    return answer.tensors();
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    const auto kept = context->saved_data["question"].toCapsule();
    at::Tensor counts = gradients.front() != 0;  // scores are [N], the others [N,…]
    for (std::size_t i = 1; i < gradients.size(); ++i) counts = counts | (gradients[i] != 0).any(1);
    const at::Tensor which = counts.nonzero().flatten();
    const Question some = static_cast<const Question&>(*kept).about(which);
    at::Tensor crops = some.crops();
    if (!some.windows.empty()) {
      const at::AutoGradMode enabled(true);
      crops.requires_grad_(true);
      torch::autograd::variable_list along;
      for (const at::Tensor& gradient : gradients) along.push_back(gradient.index_select(0, which));
      crops = torch::autograd::grad(some.answer(crops).tensors(), {crops}, along).front();
    }
    return {some.picture->spread(some.windows, crops), at::Tensor(), at::Tensor()};
  }
};

/// The answer to a question about a picture, with its gradient where one is wanted.
inline Answer with_gradient(const at::Tensor& image, const c10::intrusive_ptr<Question>& question,
                            const Answer& answer) {
  if (!at::GradMode::is_enabled() || !image.requires_grad()) return answer;
  const torch::autograd::variable_list outputs = WithGradient::apply(image, question, answer);
  return {outputs[0], outputs[1], outputs.size() > 2 ? outputs[2] : at::Tensor()};
}

}  // namespace faceoff::mtcnn
