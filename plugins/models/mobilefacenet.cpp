// MobileFaceNet: inverted residuals with PReLU, and a depthwise convolution over the whole last map instead of pooling.
// S. Chen, Y. Liu, X. Gao and Z. Han, "MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification on
// Mobile Devices", CCBR 2018; PReLU: He et al., "Delving Deep into Rectifiers", ICCV 2015. While it is attacked it may
// drop features of its residual branches at random: Zhong and Deng, "Towards Transferable Adversarial Attack Against
// Deep Face Recognition" (DFANet), TIFS 2020.
//
// Two trained networks have this shape. Where they differ, the file decides: its metadata say how convolutions of
// stride 2 pad (`padding`: same as TensorFlow does it, or symmetric) and what the input is, (x − `input_mean`) /
// `input_scale`; a pointwise layer behind the stem (stem.project) and one behind the head (head.linear) are there where
// their tensors are.
#include <faceoff/error.hpp>
#include <faceoff/layers.hpp>
#include <faceoff/model.hpp>
#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>

#include <charconv>
#include <string>
#include <vector>

namespace {

using namespace faceoff;
using layers::Conv2d;
using layers::Dropout;
using layers::Padding;

constexpr std::int64_t side = 112;

/// A convolution, and for what is negative a slope a channel where it has one.
struct Layer {
  Conv2d convolution;
  at::Tensor slope;
  at::Tensor operator()(const at::Tensor& x) const {
    const at::Tensor y = convolution(x);
    return slope.defined() ? layers::prelu(y, slope) : y;
  }
};

/// Widened, filtered a channel at a time, and narrowed again.
struct Block {
  Layer expand, depthwise, project;
  bool residual = false;
  at::Tensor operator()(const at::Tensor& x, const Dropout& dropout) const {
    const at::Tensor y = project(depthwise(expand(x)));
    return residual ? x + dropout(y) : y;
  }
};

class MobileFaceNet : public Model {
 public:
  static void describe(Schema<MobileFaceNet>& s) {
    s.name("mobilefacenet").summary("192-d face embedding, or 512-d with the weights frface (MobileFaceNet)");
    s.cites(
        "Chen et al., MobileFaceNets: Efficient CNNs for Accurate Real-Time Face Verification on Mobile Devices, CCBR "
        "2018");
    s.param("weights", &MobileFaceNet::weights_, "safetensors file made by scripts/models: mobilefacenet or frface")
        .file();
    s.param("align", &MobileFaceNet::align_, "by landmarks, or by the box alone (far less accurate)")
        .choices({"landmarks", "box"});
    s.param("dropout", &MobileFaceNet::dropout_,
            "the share of each residual branch that is dropped at random while it is attacked (DFANet: 0.1)")
        .range(0, .9);
  }

  void setup(const Setup& setup) override {
    const std::filesystem::path path = setup.resolve(weights_);
    const TensorFile file(path);
    const auto said = [&](const std::string& key) {
      const auto entry = file.metadata().find(key);
      if (entry == file.metadata().end()) throw FileError(path.string() + ": its metadata have no '" + key + "'");
      return entry->second;
    };
    const auto number = [&](const std::string& key) {
      const std::string text = said(key);
      double value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc() || end != text.data() + text.size() || !(value > 0))
        throw FileError(path.string() + ": metadata " + key + " = '" + text + "' is no number above 0");
      return value;
    };
    mean_ = number("input_mean"), scale_ = number("input_scale");
    const bool same = said("padding") == "same";
    if (!same && said("padding") != "symmetric")
      throw FileError(path.string() + ": metadata padding = '" + said("padding") + "' is neither same nor symmetric");

    const auto get = [&](const std::string& name, at::IntArrayRef shape) {
      return file.get(name, shape, setup.dtype).to(setup.device);
    };
    struct Shape {
      std::int64_t out, in, size = 1, stride = 1;
      bool whole = false;  // over the whole map, without padding
    };
    const auto layer = [&](const std::string& name, const Shape& shape, bool rectified) {
      const Padding padding = shape.whole ? Padding::valid : same ? Padding::same : Padding::symmetric;
      return Layer{
          Conv2d(get(name + ".weight", {shape.out, shape.in, shape.size, shape.size}), get(name + ".bias", {shape.out}),
                 {.stride = shape.stride, .padding = padding, .depthwise = shape.in == 1}),
          rectified ? get(name + ".slope", {shape.out}) : at::Tensor()};
    };
    const auto has = [&](const std::string& name) {
      return file.contains(name + ".weight") || file.contains(name + ".bias");
    };
    stem_ = {layer("stem.expand", {64, 3, 3, 2}, true), layer("stem.depthwise", {64, 1, 3}, true)};
    if (has("stem.project")) stem_.push_back(layer("stem.project", {64, 64}, false));
    blocks_.clear();
    std::int64_t width = 64;
    const auto repeat = [&](int times, std::int64_t inside, std::int64_t out, std::int64_t stride) {
      for (int i = 0; i < times; ++i, width = out) {
        const std::string name = "blocks." + std::to_string(blocks_.size());
        blocks_.push_back({layer(name + ".expand", {inside, width}, true),
                           layer(name + ".depthwise", {inside, 1, 3, stride}, true),
                           layer(name + ".project", {out, inside}, false), stride == 1 && width == out});
      }
    };
    repeat(1, 128, 64, 2), repeat(4, 128, 64, 1);
    repeat(1, 256, 128, 2), repeat(6, 256, 128, 1);
    repeat(1, 512, 128, 2), repeat(2, 256, 128, 1);
    head_ = {layer("head.expand", {512, 128}, true), layer("head.depthwise", {512, 1, 7, 1, true}, false),
             layer("head.project", {512, 512}, false)};
    if (has("head.linear")) head_.push_back(layer("head.linear", {192, 512}, false));
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
    at::Tensor x = layers::normalise(images, {mean_, mean_, mean_}, scale_);
    for (const Layer& layer : stem_) x = layer(x);
    for (const Block& block : blocks_) x = block(x, dropout);
    for (const Layer& layer : head_) x = layer(x);
    const at::Tensor raw = layers::flatten_nhwc(x);
    Output output;
    output.embedding = raw / raw.norm(2, 1, true).clamp_min(1e-12);
    return output;
  }

  std::string weights_ = "models/mobilefacenet.safetensors";
  std::string align_ = "landmarks";
  double dropout_ = 0;
  double mean_ = 0, scale_ = 1;
  std::vector<Layer> stem_, head_;
  std::vector<Block> blocks_;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<MobileFaceNet>();
}
