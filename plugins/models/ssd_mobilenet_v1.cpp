// SSD MobileNet V1 as face-api publishes it (weights trained on WIDER FACE). Liu et al., "SSD: Single Shot MultiBox
// Detector", ECCV 2016; Howard et al., "MobileNets", 2017.
#include <faceoff/layers.hpp>
#include <faceoff/model.hpp>
#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>

#include <array>
#include <string>
#include <vector>

namespace {

using namespace faceoff;
using layers::Activation;
using layers::Conv2d;

constexpr std::int64_t side = 512;
using Shape = std::array<std::int64_t, 4>;  // of a convolution's weight

/// A depthwise and a pointwise convolution, each clipped to [0,6].
struct Separable {
  Conv2d depthwise, pointwise;
  at::Tensor operator()(const at::Tensor& x) const { return pointwise(depthwise(x)); }
};

/// One feature map's heads: an encoded box and three class logits an anchor.
struct Head {
  Conv2d boxes, classes;
};

class SsdMobilenetV1 : public Model {
 public:
  static void describe(Schema<SsdMobilenetV1>& s) {
    s.name("ssd_mobilenet_v1").summary("SSD MobileNet V1 face detector (face-api): 5118 boxes with scores on 512×512");
    s.cites("Liu et al., SSD: Single Shot MultiBox Detector, ECCV 2016; Howard et al., MobileNets, 2017");
    s.param("weights", &SsdMobilenetV1::weights_, "safetensors file made by scripts/models").file();
  }

  void setup(const Setup& setup) override {
    const TensorFile file(setup.resolve(weights_));
    const auto get = [&](const std::string& name, at::IntArrayRef shape) {
      return file.get(name, shape, setup.dtype).to(setup.device);
    };
    const auto clipped = [&](const std::string& name, const Shape& shape, std::int64_t stride) {
      return Conv2d(get(name + "/weights", shape), get(name + "/convolution_bn_offset", {shape[0]}),
                    {.stride = stride, .activation = Activation::relu6});
    };
    const auto head = [&](const std::string& name, std::int64_t out, std::int64_t in) {
      return Conv2d(get(name + "/weights", {out, in, 1, 1}), get(name + "/biases", {out}));
    };
    std::int64_t width = 32;
    first_ = clipped("MobilenetV1/Conv2d_0_pointwise", {width, 3, 3, 3}, 2);
    body_.clear();
    for (int i = 1; i <= 13; ++i) {
      const std::string name = "MobilenetV1/Conv2d_" + std::to_string(i);
      const auto norm = [&](const char* what) { return get(name + "_depthwise/BatchNorm/" + what, {width}); };
      const layers::Folded folded =
          layers::fold_batch_norm(get(name + "_depthwise/depthwise_weights", {width, 1, 3, 3}), {}, norm("gamma"),
                                  norm("beta"), norm("moving_mean"), norm("moving_variance"), 0.0010000000474974513);
      const std::int64_t stride = i == 2 || i == 4 || i == 6 || i == 12 ? 2 : 1;
      const std::int64_t wider = i == 1 || stride == 2 ? 2 * width : width;
      body_.push_back(
          {Conv2d(folded.weight, folded.bias, {.stride = stride, .activation = Activation::relu6, .depthwise = true}),
           clipped(name + "_pointwise", {wider, width, 1, 1}, 1)});
      width = wider;
    }
    extra_.clear();
    for (const std::int64_t out : {256, 512, 128, 256, 128, 256, 64, 128}) {
      const bool halves = extra_.size() % 2 == 1;
      const std::int64_t size = halves ? 3 : 1;
      const std::string name = "Prediction/Conv2d_" + std::to_string(extra_.size()) + "_pointwise";
      extra_.push_back(clipped(name, {out, width, size, size}, halves ? 2 : 1));
      width = out;
    }
    heads_.clear();
    for (const std::int64_t in : {512, 1024, 512, 256, 256, 128}) {
      const std::int64_t anchors = heads_.empty() ? 3 : 6;
      const std::string name = "Prediction/BoxPredictor_" + std::to_string(heads_.size());
      heads_.push_back(
          {head(name + "/BoxEncodingPredictor", 4 * anchors, in), head(name + "/ClassPredictor", 3 * anchors, in)});
    }
    const at::Tensor anchors = get("Output/extra_dim", {1, 5118, 4}).squeeze(0);  // y0 x0 y1 x1
    anchor_size_ = anchors.narrow(1, 2, 2) - anchors.narrow(1, 0, 2);
    anchor_centre_ = anchors.narrow(1, 0, 2) + anchor_size_ / 2;
  }

  Field provides() const override { return Field::scores | Field::boxes; }
  ViewSpec view() const override { return {side, side, WholePicture{}}; }

  Output forward(const at::Tensor& images) override {
    at::Tensor x = first_(layers::normalise(images, {127.5, 127.5, 127.5}, 127.5));
    std::vector<at::Tensor> maps;
    for (std::size_t i = 0; i < body_.size(); ++i) {
      x = body_[i](x);
      if (i == 10) maps.push_back(x);
    }
    maps.push_back(x);
    for (std::size_t i = 0; i < extra_.size(); ++i) {
      x = extra_[i](x);
      if (i % 2 == 1) maps.push_back(x);
    }
    std::vector<at::Tensor> boxes, logits;
    for (std::size_t i = 0; i < heads_.size(); ++i) {
      boxes.push_back(layers::flatten_nhwc(heads_[i].boxes(maps[i])).unflatten(1, {-1, 4}));
      logits.push_back(layers::flatten_nhwc(heads_[i].classes(maps[i])).unflatten(1, {-1, 3}).select(2, 1));
    }
    Output output;
    output.scores = at::cat(logits, 1).sigmoid();
    output.boxes = decode(at::cat(boxes, 1)) * static_cast<double>(side);
    return output;
  }

 private:
  /// Encoded (ty, tx, th, tw) against the anchors → x0 y0 x1 y1, normalised to the view.
  at::Tensor decode(const at::Tensor& encoded) const {
    const at::Tensor centre = encoded.narrow(2, 0, 2) / 10 * anchor_size_ + anchor_centre_;
    const at::Tensor half = (encoded.narrow(2, 2, 2) / 5).exp() * anchor_size_ / 2;
    return at::cat({(centre - half).flip(2), (centre + half).flip(2)}, 2);
  }

  std::string weights_ = "models/ssd_mobilenet_v1.safetensors";
  Conv2d first_;
  std::vector<Separable> body_;
  std::vector<Conv2d> extra_;
  std::vector<Head> heads_;
  at::Tensor anchor_centre_, anchor_size_;  // [5118,2] as y, x, normalised to the view
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<SsdMobilenetV1>();
}
