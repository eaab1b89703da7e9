// The face embedders faceres and faceres-deep of vladmandic's Human: MobileNet V1 up to its global pooling. A.
// Savchenko, "Efficient Facial Representations for Age, Gender and Identity Recognition in Organizing Photo Albums
// using Multi-output ConvNet", PeerJ Computer Science, 2019; Howard et al., "MobileNets", 2017. Dropout while it is
// attacked, here behind each stage, since it has no residual branches: Zhong and Deng, "Towards Transferable
// Adversarial Attack Against Deep Face Recognition" (DFANet), TIFS 2020.
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
using layers::Dropout;

constexpr std::int64_t side = 224;

/// A depthwise and a pointwise convolution, each clipped to [0,6].
struct Separable {
  Conv2d depthwise, pointwise;
  bool halves = false;  ///< the size, so that a stage begins
  at::Tensor operator()(const at::Tensor& x) const { return pointwise(depthwise(x)); }
};

class Faceres : public Model {
 public:
  static void describe(Schema<Faceres>& s) {
    s.name("faceres").summary("1024-d face embedding (MobileNet V1 as Human publishes it: faceres or faceres_deep)");
    s.cites("A. Savchenko, Efficient Facial Representations for Age, Gender and Identity Recognition, PeerJ CS, 2019");
    s.param("weights", &Faceres::weights_, "safetensors file made by scripts/models: faceres or faceres_deep").file();
    s.param("dropout", &Faceres::dropout_,
            "the share of each stage's features that is dropped at random while it is attacked (DFANet: 0.1)")
        .range(0, .9);
  }

  void setup(const Setup& setup) override {
    const TensorFile file(setup.resolve(weights_));
    const auto get = [&](const std::string& name, at::IntArrayRef shape) {
      return file.get(name, shape, setup.dtype).to(setup.device);
    };
    // The publisher folded batch norm's scale into these, and left its shift beside them.
    const auto merged = [&](const std::string& name, const std::array<std::int64_t, 4>& shape, std::int64_t stride) {
      return Conv2d(get(name + "/convolution/merged_input", shape), get(name + "_bn/batchnorm_1/sub", {shape[0]}),
                    {.stride = stride, .activation = Activation::relu6});
    };
    std::int64_t width = 32;
    first_ = merged("conv1", {width, 3, 3, 3}, 2);
    body_.clear();
    for (int i = 1; i <= 13; ++i) {
      const std::string number = std::to_string(i), name = "conv_dw_" + number;
      const layers::Folded folded =
          layers::fold_affine(get(name + "/depthwise_kernel", {width, 1, 3, 3}), {},
                              get(name + "_bn/batchnorm_1/mul", {width}), get(name + "_bn/batchnorm_1/sub", {width}));
      const std::int64_t stride = i == 2 || i == 4 || i == 6 || i == 12 ? 2 : 1;
      const std::int64_t wider = i == 1 || stride == 2 ? 2 * width : width;
      body_.push_back(
          {Conv2d(folded.weight, folded.bias, {.stride = stride, .activation = Activation::relu6, .depthwise = true}),
           merged("conv_pw_" + number, {wider, width, 1, 1}, 1), stride == 2});
      width = wider;
    }
  }

  Field provides() const override { return Field::embedding; }
  ViewSpec view() const override { return {side, side, BoxCrop{.scale = 1.1}}; }

  Output forward(const at::Tensor& images) override { return embed(images, {}); }
  Output forward_attacked(const at::Tensor& images, Random& random) override {
    return embed(images, {dropout_, random});
  }

 private:
  Output embed(const at::Tensor& images, const Dropout& dropout) const {
    at::Tensor x = first_(layers::normalise(images, {123.68, 116.779, 103.939}, 1));
    for (const Separable& layer : body_) x = layer(layer.halves ? dropout(x) : x);
    const at::Tensor pooled = layers::global_average(dropout(x));
    Output output;
    output.embedding = pooled / pooled.norm(2, 1, true).clamp_min(1e-12);
    return output;
  }

  std::string weights_ = "models/faceres.safetensors";
  double dropout_ = 0;
  Conv2d first_;
  std::vector<Separable> body_;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<Faceres>();
}
