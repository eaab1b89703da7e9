// face-api's 68-point landmark net: four densely connected blocks of separable convolutions (V. Mühler, face-api.js).
#include <faceoff/layers.hpp>
#include <faceoff/model.hpp>
#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>

#include <array>
#include <string>
#include <vector>

namespace {

using namespace faceoff;
using layers::Conv2d;
using layers::Padding;

constexpr std::int64_t side = 112;

/// A depthwise convolution without bias and a pointwise one with it; a plain convolution where there is no first part.
struct Separable {
  std::vector<Conv2d> parts;
  at::Tensor operator()(at::Tensor x) const {
    for (const Conv2d& part : parts) x = part(x);
    return x;
  }
};

class FaceLandmark68 : public Model {
 public:
  static void describe(Schema<FaceLandmark68>& s) {
    s.name("face_landmark_68").summary("68 facial landmarks in a face's box (face-api), for aligning");
    s.cites("V. Mühler, face-api.js, 2018");
    s.param("weights", &FaceLandmark68::weights_, "safetensors file made by scripts/models").file();
  }

  void setup(const Setup& setup) override {
    const TensorFile file(setup.resolve(weights_));
    const auto get = [&](const std::string& name, at::IntArrayRef shape) {
      return file.get(name, shape, setup.dtype).to(setup.device);
    };
    std::int64_t in = 3;
    for (int block = 0; block < 4; ++block) {
      const std::int64_t width = std::int64_t{32} << block;
      for (int i = 0; i < 4; ++i) {
        const std::string name = "dense" + std::to_string(block) + "/conv" + std::to_string(i);
        const std::int64_t stride = i == 0 ? 2 : 1;
        const at::Tensor bias = get(name + "/bias", {width});
        std::vector<Conv2d> parts;
        if (block == 0 && i == 0) {
          parts = {Conv2d(get(name + "/filters", {width, in, 3, 3}), bias, {.stride = stride})};
        } else {
          parts = {Conv2d(get(name + "/depthwise_filter", {in, 1, 3, 3}), {}, {.stride = stride, .depthwise = true}),
                   Conv2d(get(name + "/pointwise_filter", {width, in, 1, 1}), bias)};
        }
        blocks_.at(static_cast<std::size_t>(block)).at(static_cast<std::size_t>(i)) = {parts};
        in = width;
      }
    }
    out_ = layers::Linear(get("fc/weights", {136, 256}), get("fc/bias", {136}));
  }

  Field provides() const override { return Field::landmarks; }
  ViewSpec view() const override { return {side, side, PaddedBox{}}; }

  Output forward(const at::Tensor& images) override {
    at::Tensor x = layers::normalise(images, {122.782, 117.001, 104.298}, 255);
    for (const auto& block : blocks_) {
      at::Tensor sum = at::relu(block[0](x));
      for (std::size_t i = 1; i < block.size(); ++i) {
        // The second convolution sees the first's output, later ones the rectified sum of all before.
        const at::Tensor next = block[i](i == 1 ? sum : at::relu(sum));
        sum = sum + next;
      }
      x = at::relu(sum);
    }
    const at::Tensor pooled = layers::flatten_nhwc(layers::average_pool(x, 7, 2, Padding::valid));
    Output output;
    output.landmarks = out_(pooled).unflatten(1, {68, 2}) * static_cast<double>(side);
    return output;
  }

 private:
  std::string weights_ = "models/face_landmark_68.safetensors";
  std::array<std::array<Separable, 4>, 4> blocks_;
  layers::Linear out_;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<FaceLandmark68>();
}
