// face-api's tiny face detector: Tiny YOLOv2 with separable convolutions and one class (V. Mühler, face-api.js; weights
// trained on WIDER FACE and others). Redmon and Farhadi, "YOLO9000: Better, Faster, Stronger", CVPR 2017.
#include <faceoff/layers.hpp>
#include <faceoff/model.hpp>
#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>

#include <string>
#include <vector>

namespace {

using namespace faceoff;
using layers::Conv2d;
using layers::Padding;

constexpr std::int64_t cell = 32;  // pixels of the view that the network makes one of

at::Tensor leaky(const at::Tensor& x) {
  return at::leaky_relu(x, 0.10000000149011612);
}

/// A depthwise and a pointwise convolution and one leaky rectifier behind both.
struct Separable {
  Conv2d depthwise, pointwise;
  at::Tensor operator()(const at::Tensor& x) const { return leaky(pointwise(depthwise(x))); }
};

class TinyFaceDetector : public Model {
 public:
  static void describe(Schema<TinyFaceDetector>& s) {
    s.name("tiny_face_detector").summary("Tiny YOLOv2 face detector (face-api): five boxes for each 32×32 pixels");
    s.cites("Redmon and Farhadi, YOLO9000: Better, Faster, Stronger, CVPR 2017; V. Mühler, face-api.js, 2018");
    s.param("weights", &TinyFaceDetector::weights_, "safetensors file made by scripts/models").file();
    s.param("size", &TinyFaceDetector::size_,
            "height and width of its input, a multiple of 32; larger finds smaller faces")
        .unit("pixels")
        .range(cell, 4096);
  }

  void setup(const Setup& setup) override {
    if (size_ % cell != 0) throw ConfigError("size = " + std::to_string(size_) + " is no multiple of 32");
    const TensorFile file(setup.resolve(weights_));
    const auto get = [&](const std::string& name, at::IntArrayRef shape) {
      return file.get(name, shape, setup.dtype).to(setup.device);
    };
    std::int64_t width = 16;
    first_ = Conv2d(get("conv0/filters", {width, 3, 3, 3}), get("conv0/bias", {width}), {.padding = Padding::valid});
    body_.clear();
    for (int i = 1; i <= 5; ++i, width *= 2) {
      const std::string name = "conv" + std::to_string(i);
      body_.push_back(
          {Conv2d(get(name + "/depthwise_filter", {width, 1, 3, 3}), {}, {.depthwise = true}),
           Conv2d(get(name + "/pointwise_filter", {2 * width, width, 1, 1}), get(name + "/bias", {2 * width}))});
    }
    head_ = Conv2d(get("conv8/filters", {25, width, 1, 1}), get("conv8/bias", {25}));

    const auto options = at::TensorOptions(setup.dtype).device(setup.device);
    const at::Tensor anchors = at::tensor(
        {1.603231, 2.094468, 6.041143, 7.080126, 2.882459, 3.518061, 4.266906, 5.178857, 9.041765, 10.66308}, options);
    const at::Tensor steps = at::arange(size_ / cell, options);
    const std::vector<at::Tensor> rows_and_columns = at::meshgrid({steps, steps}, "ij");
    corners_ = at::stack({rows_and_columns[1], rows_and_columns[0]}, 2).flatten(0, 1).repeat_interleave(5, 0);
    anchors_ = anchors.view({5, 2}).repeat({corners_.size(0) / 5, 1});
  }

  Field provides() const override { return Field::scores | Field::boxes; }
  ViewSpec view() const override { return {size_, size_, WholePicture{}}; }

  Output forward(const at::Tensor& images) override {
    at::Tensor x = leaky(first_(layers::normalise(images, {117.001, 114.697, 97.404}, 255)));
    for (const Separable& block : body_) x = block(layers::max_pool(x, 2, 2, Padding::same));
    x = head_(layers::max_pool(x, 2, 1, Padding::same));
    const at::Tensor encoded = layers::flatten_nhwc(x).unflatten(1, {-1, 5});  // tx ty tw th and the score's logit
    const at::Tensor centre = encoded.narrow(2, 0, 2).sigmoid() + corners_;
    const at::Tensor half = encoded.narrow(2, 2, 2).exp() * anchors_ / 2;
    Output output;
    output.scores = encoded.select(2, 4).sigmoid();
    output.boxes = at::cat({centre - half, centre + half}, 2) * static_cast<double>(cell);
    return output;
  }

 private:
  std::string weights_ = "models/tiny_face_detector.safetensors";
  std::int64_t size_ = 416;
  Conv2d first_, head_;
  std::vector<Separable> body_;
  at::Tensor corners_, anchors_;  // [N,2] as x, y, in cells: a box's cell and its anchor's size
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<TinyFaceDetector>();
}
