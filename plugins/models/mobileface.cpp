// MobileFace's embedder, as vladmandic's Human publishes it (becauseofAI, MobileFace, 2018). Howard et al.,
// "MobileNets", 2017; PReLU: He et al., "Delving Deep into Rectifiers", ICCV 2015. Dropout while it is attacked: Zhong
// and Deng, "Towards Transferable Adversarial Attack Against Deep Face Recognition" (DFANet), TIFS 2020.
#include <faceoff/layers.hpp>
#include <faceoff/model.hpp>
#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using namespace faceoff;
using layers::Conv2d;
using layers::Dropout;
using layers::Padding;

constexpr std::int64_t side = 112;

/// A convolution without bias, and for what is negative a slope a channel.
struct Rectified {
  Conv2d convolution;
  at::Tensor slope;
  at::Tensor operator()(const at::Tensor& x) const { return layers::prelu(convolution(x), slope); }
};

/// A pointwise convolution and a depthwise one that halves the size; to that is added what two more make of it.
struct Stage {
  Conv2d widen;
  Rectified halve, first, second;
  at::Tensor operator()(const at::Tensor& x, const Dropout& dropout) const {
    const at::Tensor halved = halve(widen(x));
    return halved + dropout(second(first(halved)));
  }
};

class MobileFace : public Model {
 public:
  static void describe(Schema<MobileFace>& s) {
    s.name("mobileface").summary("256-d face embedding, small and fast (MobileFace as Human publishes it)");
    s.cites("becauseofAI, MobileFace, 2018; Howard et al., MobileNets, 2017");
    s.param("weights", &MobileFace::weights_, "safetensors file made by scripts/models").file();
    s.param("align", &MobileFace::align_, "by landmarks, or by the box alone (far less accurate)")
        .choices({"landmarks", "box"});
    s.param("dropout", &MobileFace::dropout_,
            "the share of each residual branch that is dropped at random while it is attacked (DFANet: 0.1)")
        .range(0, .9);
  }

  void setup(const Setup& setup) override {
    const TensorFile file(setup.resolve(weights_));
    const auto get = [&](const std::string& name, at::IntArrayRef shape) {
      return file.get(name, shape, setup.dtype).to(setup.device);
    };
    std::int64_t width = 32;
    const auto rectified = [&](const std::string& weight, const std::string& slope,
                               const layers::ConvOptions& options) {
      return Rectified{Conv2d(get(weight, {width, options.depthwise ? 1 : 3, 3, 3}), {}, options), get(slope, {width})};
    };
    first_ = rectified("conv1_weight", "prelu1_gamma", {.stride = 2, .padding = Padding::symmetric});
    stages_.clear();
    for (int i = 1; i <= 4; ++i) {
      const std::string name = "stage" + std::to_string(i) + "_unit1_";
      const std::int64_t in = std::exchange(width, i > 2 ? 2 * width : width);
      stages_.push_back({Conv2d(get(name + "conv0_0_weight", {width, in, 1, 1}), {}),
                         rectified(name + "conv0_1_df", name + "prelu0_gamma",
                                   {.stride = 2, .padding = Padding::symmetric, .depthwise = true}),
                         rectified(name + "conv1_df", name + "prelu1_gamma", {.depthwise = true}),
                         rectified(name + "conv2_df", name + "prelu2_gamma", {.depthwise = true})});
    }
    const at::Tensor scale = get("batchnorm0/mul", {256});
    out_ = layers::Linear(get("dense/kernel", {256, 2048}) * scale.unsqueeze(1), get("batchnorm0/sub", {256}));
  }

  Field provides() const override { return Field::embedding; }
  ViewSpec view() const override {
    if (align_ == "box") return {side, side, BoxCrop{.scale = 1}};
    return {side, side, FivePoints{}};
  }

  Output forward(const at::Tensor& images) override { return embed(images, {}); }
  Output forward_attacked(const at::Tensor& images, Random& random) override {
    return embed(images, {dropout_, random});
  }

 private:
  Output embed(const at::Tensor& images, const Dropout& dropout) const {
    at::Tensor x = first_(layers::normalise(images, {127.5, 127.5, 127.5}, 128));
    for (const Stage& stage : stages_) x = stage(x, dropout);
    const at::Tensor raw = out_(layers::flatten_nhwc(x));
    Output output;
    output.embedding = raw / raw.norm(2, 1, true).clamp_min(1e-12);
    return output;
  }

  std::string weights_ = "models/mobileface.safetensors";
  std::string align_ = "landmarks";
  double dropout_ = 0;
  Rectified first_;
  std::vector<Stage> stages_;
  layers::Linear out_;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<MobileFace>();
}
