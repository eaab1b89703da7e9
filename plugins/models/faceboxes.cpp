// FaceBoxes, as vladmandic's Human publishes it (weights trained on WIDER FACE by TropComplique). S. Zhang, X. Zhu, Z.
// Lei, H. Shi, X. Wang and S. Z. Li, "FaceBoxes: A CPU Real-time Face Detector with High Accuracy", IJCB 2017; CReLU:
// Shang et al., "Understanding and Improving Convolutional Neural Networks via Concatenated Rectified Linear Units",
// ICML 2016.
#include <faceoff/error.hpp>
#include <faceoff/layers.hpp>
#include <faceoff/model.hpp>
#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace faceoff;
using layers::Activation;
using layers::Conv2d;
using layers::Padding;

constexpr std::int64_t multiple = 128;  // pixels of the view that the last map makes one of
// The publisher's constants are rounded to half precision: 1/255, and a tenth and a fifth.
constexpr double inverse_of_white = 0.0039215087890625, tenth = 0.0999755859375, fifth = 0.199951171875;

/// Concatenated rectifiers of what is positive and of what is negative, pooled.
at::Tensor crelu_pooled(const at::Tensor& x) {
  return at::relu(layers::max_pool(at::cat({x, -x}, 1), 3, 2, Padding::same));
}

/// Four branches side by side, from small receptive fields to large ones.
struct Inception {
  Conv2d single, pooled, narrow, middle, narrow_too, middle_too, wide;
  at::Tensor operator()(const at::Tensor& x) const {
    return at::cat({single(x), pooled(layers::max_pool(x, 3, 1, Padding::same)), middle(narrow(x)),
                    wide(middle_too(narrow_too(x)))},
                   1);
  }
};

/// One map's heads: an encoded box and the logits of no and yes an anchor.
struct Head {
  Conv2d boxes, classes;
};

class FaceBoxes : public Model {
 public:
  static void describe(Schema<FaceBoxes>& s) {
    s.name("faceboxes").summary("FaceBoxes detector (Human): on 1024×1024 21824 boxes with scores");
    s.cites("Zhang et al., FaceBoxes: A CPU Real-time Face Detector with High Accuracy, IJCB 2017");
    s.param("weights", &FaceBoxes::weights_, "safetensors file made by scripts/models").file();
    s.param("size", &FaceBoxes::size_, "height and width of its input, a multiple of 128; larger finds smaller faces")
        .unit("pixels")
        .range(multiple, 4096);
  }

  void setup(const Setup& setup) override {
    if (size_ % multiple != 0) throw ConfigError("size = " + std::to_string(size_) + " is no multiple of 128");
    const TensorFile file(setup.resolve(weights_));
    const auto get = [&](const std::string& name, at::IntArrayRef shape) {
      return file.get(name, shape, setup.dtype).to(setup.device);
    };
    const auto layer = [&](const std::string& name, std::int64_t out, std::int64_t in, std::int64_t kernel,
                           std::int64_t stride, Activation activation) {
      return Conv2d(get(name + "/Conv2D_weights", {out, in, kernel, kernel}), get(name + "/Conv2D_bn_offset", {out}),
                    {.stride = stride, .activation = activation});
    };
    first_ = layer("conv1", 24, 3, 7, 4, Activation::none);
    second_ = layer("conv2", 64, 48, 5, 2, Activation::none);
    inceptions_.clear();
    for (int i = 1; i <= 3; ++i) {
      const auto part = [&](const std::string& name, std::int64_t out, std::int64_t in, std::int64_t kernel) {
        return layer("inception" + std::to_string(i) + "/conv_" + name, out, in, kernel, 1, Activation::relu);
      };
      inceptions_.push_back({part("1x1_path1", 32, 128, 1), part("1x1_path2", 32, 128, 1),
                             part("1x1_path3", 24, 128, 1), part("3x3_path3", 32, 24, 3), part("1x1_path4", 24, 128, 1),
                             part("3x3_path4", 32, 24, 3), part("3x3_second_path4", 32, 32, 3)});
    }
    extra_ = {layer("conv3_1", 128, 128, 1, 1, Activation::relu), layer("conv3_2", 256, 128, 3, 2, Activation::relu),
              layer("conv4_1", 128, 256, 1, 1, Activation::relu), layer("conv4_2", 256, 128, 3, 2, Activation::relu)};
    heads_.clear();
    for (const auto& [in, anchors] : {std::pair{128, 21}, std::pair{256, 1}, std::pair{256, 1}}) {
      const auto head = [&](const std::string& kind, std::int64_t out) {
        const std::string name = "prediction_layers/" + kind + "_predictor_" + std::to_string(heads_.size());
        return Conv2d(get(name + "/weights", {out, in, 3, 3}), get(name + "/biases", {out}));
      };
      heads_.push_back({head("box_encoding", 4 * anchors), head("class", 2 * anchors)});
    }
    make_anchors(at::TensorOptions(setup.dtype).device(setup.device));
  }

  Field provides() const override { return Field::scores | Field::boxes; }
  ViewSpec view() const override { return {size_, size_, LetterboxedPicture{}}; }

  Output forward(const at::Tensor& images) override {
    at::Tensor x = images.contiguous(at::MemoryFormat::ChannelsLast) * inverse_of_white * 2 - 1;
    x = crelu_pooled(second_(crelu_pooled(first_(x))));
    for (const Inception& inception : inceptions_) x = inception(x);
    std::vector<at::Tensor> boxes, logits;
    for (std::size_t i = 0; i < heads_.size(); ++i) {
      if (i > 0) x = extra_[2 * i - 1](extra_[2 * i - 2](x));
      boxes.push_back(layers::flatten_nhwc(heads_[i].boxes(x)).unflatten(1, {-1, 4}));
      logits.push_back(layers::flatten_nhwc(heads_[i].classes(x)).unflatten(1, {-1, 2}));
    }
    const at::Tensor of_both = at::cat(logits, 1);
    const at::Tensor encoded = at::cat(boxes, 1);  // ty tx th tw
    const at::Tensor centre = encoded.narrow(2, 0, 2).flip(2) * tenth * anchor_size_ + anchor_centre_;
    const at::Tensor half = (encoded.narrow(2, 2, 2).flip(2) * fifth).exp() * anchor_size_ / 2;
    Output output;
    output.scores = (of_both.select(2, 1) - of_both.select(2, 0)).sigmoid();
    output.boxes = at::cat({centre - half, centre + half}, 2);
    return output;
  }

 private:
  /// Squares about the middle of each cell. The two smallest kinds are denser than their cells, `dense` to either axis;
  /// what reaches out of the view is cut off.
  void make_anchors(const at::TensorOptions& options) {
    struct Kind {
      std::int64_t cell;
      double side;
      int dense;
    };
    const std::vector<std::vector<Kind>> maps = {
        {{32, 32, 4}, {32, 64, 2}, {32, 128, 1}}, {{64, 256, 1}}, {{128, 512, 1}}};
    const double most = static_cast<double>(size_);
    std::vector<double> centres, sizes;
    const auto add = [&](double x, double y, double side) {
      const double x0 = std::max(x - side / 2, 0.), x1 = std::min(x + side / 2, most);
      const double y0 = std::max(y - side / 2, 0.), y1 = std::min(y + side / 2, most);
      centres.insert(centres.end(), {(x0 + x1) / 2, (y0 + y1) / 2});
      sizes.insert(sizes.end(), {x1 - x0, y1 - y0});
    };
    for (const std::vector<Kind>& kinds : maps) {
      const std::int64_t cell = kinds.front().cell, cells = size_ / cell;
      for (std::int64_t i = 0; i < cells * cells; ++i) {
        const auto middle = [&](std::int64_t place) {
          return (static_cast<double>(place) + .5) * static_cast<double>(cell);
        };
        for (const Kind& kind : kinds) {
          const auto shift = [&](int k) { return (k - (kind.dense - 1) / 2.) * kind.side / kind.dense; };
          for (int column = 0; column < kind.dense; ++column) {
            for (int row = 0; row < kind.dense; ++row)
              add(middle(i % cells) + shift(column), middle(i / cells) + shift(row), kind.side);
          }
        }
      }
    }
    anchor_centre_ = at::tensor(centres, options).view({-1, 2});
    anchor_size_ = at::tensor(sizes, options).view({-1, 2});
  }

  std::string weights_ = "models/faceboxes.safetensors";
  std::int64_t size_ = 1024;
  Conv2d first_, second_;
  std::vector<Inception> inceptions_;
  std::vector<Conv2d> extra_;
  std::vector<Head> heads_;
  at::Tensor anchor_centre_, anchor_size_;  // [N,2] as x, y, in pixels of the view
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<FaceBoxes>();
}
