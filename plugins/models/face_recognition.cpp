// dlib's face recognition ResNet in face-api's layout. D. King, "High Quality Face Recognition with Deep Metric
// Learning", dlib, 2017; He et al., "Deep Residual Learning", CVPR 2016. While it is attacked it may drop features of
// its residual branches at random: Zhong and Deng, "Towards Transferable Adversarial Attack Against Deep Face
// Recognition" (DFANet), TIFS 2020.
#include <faceoff/layers.hpp>
#include <faceoff/model.hpp>
#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>

#include <string>
#include <vector>

namespace {

using namespace faceoff;
using layers::Activation;
using layers::Conv2d;
using layers::Dropout;
using layers::Padding;

constexpr std::int64_t side = 150;

/// relu(shortcut(x) + second(first(x))); a down block halves the size and widens the shortcut with zero channels.
struct Residual {
  bool down = false;
  Conv2d first, second;

  at::Tensor operator()(const at::Tensor& x, const Dropout& dropout) const {
    const at::Tensor branch = dropout(second(first(x)));
    if (!down) return at::relu(branch + x);
    const at::Tensor shortcut = layers::average_pool(x, 2, 2, Padding::valid);
    const at::Tensor fitted =
        at::constant_pad_nd(branch, {0, shortcut.size(3) - branch.size(3), 0, shortcut.size(2) - branch.size(2)});
    const at::Tensor widened = at::constant_pad_nd(shortcut, {0, 0, 0, 0, 0, branch.size(1) - shortcut.size(1)});
    return at::relu(fitted + widened);
  }
};

class FaceRecognition : public Model {
 public:
  static void describe(Schema<FaceRecognition>& s) {
    s.name("face_recognition").summary("128-d face embedding (dlib's ResNet as face-api publishes it)");
    s.cites("D. King, High Quality Face Recognition with Deep Metric Learning, dlib, 2017");
    s.param("weights", &FaceRecognition::weights_, "safetensors file made by scripts/models").file();
    s.param("align", &FaceRecognition::align_, "by landmarks, or by the box alone (less accurate)")
        .choices({"landmarks", "box"});
    s.param("dropout", &FaceRecognition::dropout_,
            "the share of each residual branch that is dropped at random while it is attacked (DFANet: 0.1)")
        .range(0, .9);
  }

  void setup(const Setup& setup) override {
    const TensorFile file(setup.resolve(weights_));
    const auto get = [&](const std::string& name, at::IntArrayRef shape) {
      return file.get(name, shape, setup.dtype).to(setup.device);
    };
    std::int64_t in = 3;  // channels of what the next convolution sees
    const auto scaled = [&](const std::string& name, std::int64_t out, std::int64_t size,
                            const layers::ConvOptions& options) {
      const layers::Folded folded =
          layers::fold_affine(get(name + "/conv/filters", {out, in, size, size}), get(name + "/conv/bias", {out}),
                              get(name + "/scale/weights", {out}), get(name + "/scale/biases", {out}));
      in = out;
      return Conv2d(folded.weight, folded.bias, options);
    };
    first_ = scaled("conv32_down", 32, 7, {.stride = 2, .padding = Padding::valid, .activation = Activation::relu});
    blocks_.clear();
    for (const std::string name :
         {"conv32_1", "conv32_2", "conv32_3", "conv64_down", "conv64_1", "conv64_2", "conv64_3", "conv128_down",
          "conv128_1", "conv128_2", "conv256_down", "conv256_1", "conv256_2", "conv256_down_out"}) {
      const bool down = name.find("down") != std::string::npos;
      const std::int64_t width = std::stoll(name.substr(4));
      // One after the other: the second sees what the first makes.
      const Conv2d first = scaled(
          name + "/conv1", width, 3,
          {.stride = down ? 2 : 1, .padding = down ? Padding::valid : Padding::same, .activation = Activation::relu});
      const Conv2d second = scaled(name + "/conv2", width, 3, {});
      blocks_.push_back({down, first, second});
    }
    out_ = layers::Linear(get("fc", {128, 256}));
  }

  Field provides() const override { return Field::embedding; }
  ViewSpec view() const override {
    if (align_ == "box") return {side, side, BoxCrop{.scale = .91, .down = .057}};
    return {side, side, DlibRect{}};
  }

  Output forward(const at::Tensor& images) override { return embed(images, {}); }

  Output forward_attacked(const at::Tensor& images, Random& random) override {
    return embed(images, {dropout_, random});
  }

 private:
  Output embed(const at::Tensor& images, const Dropout& dropout) const {
    at::Tensor x = first_(layers::normalise(images, {122.782, 117.001, 104.298}, 255));
    x = layers::max_pool(x, 3, 2, Padding::valid);
    for (const Residual& block : blocks_) x = block(x, dropout);
    const at::Tensor descriptor = out_(layers::global_average(x));
    Output output;
    output.embedding = descriptor / descriptor.norm(2, 1, true).clamp_min(1e-12);
    return output;
  }

  std::string weights_ = "models/face_recognition.safetensors";
  std::string align_ = "landmarks";
  double dropout_ = 0;
  Conv2d first_;
  std::vector<Residual> blocks_;
  layers::Linear out_;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<FaceRecognition>();
}
