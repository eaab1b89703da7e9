// Ultra-Light-Fast-Generic-Face-Detector-1MB, version RFB, for 320×240 (Linzaer, 2019): separable convolutions with a
// receptive field block, and heads on four maps. S. Liu, D. Huang and Y. Wang, "Receptive Field Block Net for Accurate
// and Fast Object Detection", ECCV 2018; Liu et al., "SSD: Single Shot MultiBox Detector", ECCV 2016.
#include <faceoff/layers.hpp>
#include <faceoff/model.hpp>
#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace faceoff;
using layers::Activation;
using layers::Conv2d;
using layers::ConvOptions;
using layers::Padding;

constexpr std::int64_t height = 240, width = 320;

/// Convolutions one after another.
struct Chain {
  std::vector<Conv2d> parts;
  at::Tensor operator()(at::Tensor x) const {
    for (const Conv2d& part : parts) x = part(x);
    return x;
  }
};

/// One map: how it is made of the one before, and its heads: an encoded box and the logits of no and yes an anchor.
struct Scale {
  Chain body, scores, boxes;
};

class Rfb320 : public Model {
 public:
  static void describe(Schema<Rfb320>& s) {
    s.name("rfb_320").summary("Ultra-Light face detector, version RFB: 4420 boxes with scores on 320×240");
    s.cites(
        "Linzaer, Ultra-Light-Fast-Generic-Face-Detector-1MB, 2019; Liu et al., Receptive Field Block Net for Accurate "
        "and Fast Object Detection, ECCV 2018");
    s.param("weights", &Rfb320::weights_, "safetensors file made by scripts/models").file();
  }

  void setup(const Setup& setup) override {
    const TensorFile file(setup.resolve(weights_));
    constexpr ConvOptions rectified = {.padding = Padding::symmetric, .activation = Activation::relu};
    constexpr ConvOptions linear = {.padding = Padding::symmetric};
    const auto layer = [&](const std::string& name, std::int64_t out, std::int64_t in, std::int64_t size,
                           ConvOptions options, std::int64_t stride = 1) {
      options.stride = stride;
      options.depthwise = in == 1;
      const auto get = [&](const char* what, at::IntArrayRef shape) {
        return file.get(name + what, shape, setup.dtype).to(setup.device);
      };
      return Conv2d(get(".weight", {out, in, size, size}), get(".bias", {out}), options);
    };
    /// A depthwise convolution and a pointwise one.
    const auto separable = [&](const std::string& name, std::int64_t out, std::int64_t in, std::int64_t stride,
                               const ConvOptions& last) {
      return Chain{
          {layer(name + ".depthwise", in, 1, 3, rectified, stride), layer(name + ".pointwise", out, in, 1, last)}};
    };
    int blocks = 0;
    const auto body = [&](const std::vector<std::array<std::int64_t, 3>>& shapes) {  // out, in, stride
      Chain chain;
      for (const auto& [out, in, stride] : shapes) {
        const Chain block = separable("body." + std::to_string(blocks++), out, in, stride, rectified);
        chain.parts.insert(chain.parts.end(), block.parts.begin(), block.parts.end());
      }
      return chain;
    };
    const auto scale = [&](const Chain& made, std::int64_t in, std::int64_t anchors) {
      const std::string name = "heads." + std::to_string(scales_.size());
      scales_.push_back({made, separable(name + ".scores", 2 * anchors, in, 1, linear),
                         separable(name + ".boxes", 4 * anchors, in, 1, linear)});
    };
    scales_.clear();
    stem_ = body({{32, 16, 1}, {32, 32, 2}, {32, 32, 1}, {64, 32, 2}, {64, 64, 1}, {64, 64, 1}});
    stem_.parts.insert(stem_.parts.begin(), layer("stem", 16, 3, 3, rectified, 2));
    const auto branch = [&](int index, const std::vector<std::int64_t>& widths, std::int64_t dilation) {
      const std::string name = "rfb.branch" + std::to_string(index) + ".";
      std::int64_t in = 64;
      Chain chain;
      for (const std::int64_t out : widths) {
        const bool first = chain.parts.empty(), last = chain.parts.size() + 1 == widths.size();
        ConvOptions options = first || last ? linear : rectified;
        if (last) options.dilation = dilation;
        chain.parts.push_back(layer(name + std::to_string(chain.parts.size()), out, in, first ? 1 : 3, options));
        in = out;
      }
      return chain;
    };
    branches_ = {branch(0, {8, 16, 16}, 2), branch(1, {8, 16, 16}, 3), branch(2, {8, 12, 16, 16}, 5)};
    join_ = layer("rfb.join", 64, 48, 1, rectified);
    shortcut_ = layer("rfb.shortcut", 64, 64, 1, linear);
    scale({}, 64, 3);
    scale(body({{128, 64, 2}, {128, 128, 1}, {128, 128, 1}}), 128, 2);
    scale(body({{256, 128, 2}, {256, 256, 1}}), 256, 2);
    Chain extra = separable("extra", 256, 64, 2, rectified);
    extra.parts.insert(extra.parts.begin(), layer("extra.reduce", 64, 256, 1, rectified));
    scales_.push_back({extra, Chain{{layer("heads.3.scores", 6, 256, 3, linear)}},
                       Chain{{layer("heads.3.boxes", 12, 256, 3, linear)}}});
    make_anchors(at::TensorOptions(setup.dtype).device(setup.device));
  }

  Field provides() const override { return Field::scores | Field::boxes; }
  ViewSpec view() const override { return {height, width, StretchedPicture{}}; }

  Output forward(const at::Tensor& images) override {
    at::Tensor x = stem_(layers::normalise(images, {127, 127, 127}, 128));
    std::vector<at::Tensor> seen, logits, boxes;
    for (const Chain& branch : branches_) seen.push_back(branch(x));
    x = join_(at::cat(seen, 1), shortcut_(x));
    for (const Scale& scale : scales_) {
      x = scale.body(x);
      logits.push_back(layers::flatten_nhwc(scale.scores(x)).unflatten(1, {-1, 2}));
      boxes.push_back(layers::flatten_nhwc(scale.boxes(x)).unflatten(1, {-1, 4}));
    }
    const at::Tensor of_both = at::cat(logits, 1), encoded = at::cat(boxes, 1);
    const at::Tensor centre = encoded.narrow(2, 0, 2) * .1 * anchor_size_ + anchor_centre_;
    const at::Tensor half = (encoded.narrow(2, 2, 2) * .2).exp() * anchor_size_ / 2;
    Output output;
    output.scores = (of_both.select(2, 1) - of_both.select(2, 0)).sigmoid();
    output.boxes = at::cat({centre - half, centre + half}, 2);
    return output;
  }

 private:
  /// Squares of two or three sides about the middle of each cell, no larger than the view.
  void make_anchors(const at::TensorOptions& options) {
    const std::vector<std::vector<double>> sides = {{10, 16, 24}, {32, 48}, {64, 96}, {128, 192, 256}};
    std::vector<double> centres, sizes;
    for (std::size_t i = 0; i < sides.size(); ++i) {
      const std::int64_t stride = std::int64_t{8} << i;
      const std::int64_t rows = (height + stride - 1) / stride, columns = (width + stride - 1) / stride;
      for (std::int64_t cell = 0; cell < rows * columns; ++cell) {
        for (const double side : sides[i]) {
          centres.push_back((static_cast<double>(cell % columns) + .5) * width / static_cast<double>(columns));
          centres.push_back((static_cast<double>(cell / columns) + .5) * height / static_cast<double>(rows));
          sizes.insert(sizes.end(), {std::min<double>(side, width), std::min<double>(side, height)});
        }
      }
    }
    anchor_centre_ = at::tensor(centres, options).view({-1, 2});
    anchor_size_ = at::tensor(sizes, options).view({-1, 2});
  }

  std::string weights_ = "models/rfb_320.safetensors";
  Chain stem_;
  std::vector<Chain> branches_;
  Conv2d join_, shortcut_;
  std::vector<Scale> scales_;
  at::Tensor anchor_centre_, anchor_size_;  // [4420,2] as x, y, in pixels of the view
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Rfb320>();
}
