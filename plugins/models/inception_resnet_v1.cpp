// FaceNet on Inception-ResNet v1, as facenet-pytorch publishes it. Schroff et al., "FaceNet: A Unified Embedding for
// Face Recognition and Clustering", CVPR 2015; Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of
// Residual Connections on Learning", AAAI 2017. Dropout while it is attacked: Zhong and Deng, "Towards Transferable
// Adversarial Attack Against Deep Face Recognition" (DFANet), TIFS 2020.
#include <faceoff/layers.hpp>
#include <faceoff/model.hpp>
#include <faceoff/safetensors.hpp>

#include <ATen/ATen.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace faceoff;
using layers::Activation;
using layers::Conv2d;
using layers::ConvOptions;
using layers::Dropout;
using layers::Padding;

constexpr std::int64_t side = 160;
constexpr double epsilon = 1e-3;  // of the batch norms
constexpr int any = -1;

using Shape = std::array<std::int64_t, 4>;  // of a convolution's weight
using Shapes = std::vector<Shape>;

constexpr ConvOptions keeping = {.activation = Activation::relu};
constexpr ConvOptions cutting = {.padding = Padding::valid, .activation = Activation::relu};
constexpr ConvOptions halving = {.stride = 2, .padding = Padding::valid, .activation = Activation::relu};

/// Convolutions one after another.
struct Branch {
  std::vector<Conv2d> parts;
  at::Tensor operator()(at::Tensor x) const {
    for (const Conv2d& part : parts) x = part(x);
    return x;
  }
};

/// Branches side by side. A residual block adds them, projected, to its input; a reduction sets its pooled input beside
/// them.
struct Inception {
  std::vector<Branch> branches;
  std::optional<Conv2d> projection;

  at::Tensor operator()(const at::Tensor& x, const Dropout& dropout) const {
    std::vector<at::Tensor> outputs;
    for (const Branch& branch : branches) outputs.push_back(branch(x));
    if (projection) return (*projection)(at::cat(outputs, 1), x, dropout);
    outputs.push_back(layers::max_pool(x, 3, 2, Padding::valid));
    return at::cat(outputs, 1);
  }
};

/// Builds the network's parts from a file with facenet-pytorch's names.
class Builder {
 public:
  Builder(const TensorFile& file, const Setup& setup) : file_(file), setup_(setup) {}

  at::Tensor get(const std::string& name, at::IntArrayRef shape) const {
    return file_.get(name, shape, setup_.dtype).to(setup_.device);
  }

  layers::Folded normalised(const at::Tensor& weight, const std::string& norm) const {
    const auto part = [&](const char* what) { return get(norm + "." + what, {weight.size(0)}); };
    return layers::fold_batch_norm(weight, {}, part("weight"), part("bias"), part("running_mean"), part("running_var"),
                                   epsilon);
  }

  Conv2d convolution(const std::string& name, const Shape& shape, const ConvOptions& options) const {
    const layers::Folded folded = normalised(get(name + ".conv.weight", shape), name + ".bn");
    return {folded.weight, folded.bias, options};
  }

  /// relu(x + scale · projection(branches)), the scale folded into the projection.
  Inception residual(const std::string& name, const std::vector<Shapes>& branches, double scale,
                     Activation activation = Activation::relu) const {
    std::int64_t inside = 0;
    for (const Shapes& shapes : branches) inside += shapes.back()[0];
    const std::int64_t outside = branches.front().front()[1];
    const at::Tensor weight = get(name + ".conv2d.weight", {outside, inside, 1, 1});
    const at::Tensor bias = get(name + ".conv2d.bias", {outside});
    return {side_by_side(name, branches, keeping), Conv2d(weight * scale, bias * scale, {.activation = activation})};
  }

  /// Each branch's last convolution halves the size, as the pooling does.
  Inception reduction(const std::string& name, const std::vector<Shapes>& branches) const {
    return {side_by_side(name, branches, halving), std::nullopt};
  }

 private:
  std::vector<Branch> side_by_side(const std::string& name, const std::vector<Shapes>& shapes,
                                   const ConvOptions& last) const {
    std::vector<Branch> branches;
    for (const Shapes& chain : shapes) {
      const std::string branch = name + ".branch" + std::to_string(branches.size());
      std::vector<Conv2d> parts;
      for (const Shape& shape : chain) {
        // A convolution alone has its branch's name.
        const std::string part = chain.size() == 1 ? branch : branch + "." + std::to_string(parts.size());
        parts.push_back(convolution(part, shape, parts.size() + 1 == chain.size() ? last : keeping));
      }
      branches.push_back({parts});
    }
    return branches;
  }

  const TensorFile& file_;
  const Setup& setup_;
};

class InceptionResnetV1 : public Model {
 public:
  static void describe(Schema<InceptionResnetV1>& s) {
    s.name("inception_resnet_v1")
        .summary("512-d face embedding (FaceNet's Inception-ResNet v1 as facenet-pytorch has it)");
    s.cites(
        "Schroff et al., FaceNet: A Unified Embedding for Face Recognition and Clustering, CVPR 2015; Szegedy et al., "
        "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning, AAAI 2017");
    s.param("weights", &InceptionResnetV1::weights_,
            "safetensors file that `scripts/models add facenet FILE` makes of facenet-pytorch's weights")
        .file();
    s.param("scale", &InceptionResnetV1::scale_, "the square that it sees, over the box's longer side").range(.1, 10);
    s.param("dropout", &InceptionResnetV1::dropout_,
            "the share of each residual branch that is dropped at random while it is attacked (DFANet: 0.1)")
        .range(0, .9);
  }

  void setup(const Setup& setup) override {
    const TensorFile file(setup.resolve(weights_));
    const Builder builder(file, setup);
    stem_ = {{builder.convolution("conv2d_1a", {32, 3, 3, 3}, halving),
              builder.convolution("conv2d_2a", {32, 32, 3, 3}, cutting),
              builder.convolution("conv2d_2b", {64, 32, 3, 3}, keeping)}};
    after_pooling_ = {{builder.convolution("conv2d_3b", {80, 64, 1, 1}, keeping),
                       builder.convolution("conv2d_4a", {192, 80, 3, 3}, cutting),
                       builder.convolution("conv2d_4b", {256, 192, 3, 3}, halving)}};
    blocks_.clear();
    const auto repeat = [&](const std::string& name, int times, const std::vector<Shapes>& branches, double scale) {
      for (int i = 0; i < times; ++i)
        blocks_.push_back(builder.residual(name + "." + std::to_string(i), branches, scale));
    };
    repeat("repeat_1", 5,
           {{{32, 256, 1, 1}}, {{32, 256, 1, 1}, {32, 32, 3, 3}}, {{32, 256, 1, 1}, {32, 32, 3, 3}, {32, 32, 3, 3}}},
           .17);
    blocks_.push_back(
        builder.reduction("mixed_6a", {{{384, 256, 3, 3}}, {{192, 256, 1, 1}, {192, 192, 3, 3}, {256, 192, 3, 3}}}));
    repeat("repeat_2", 10, {{{128, 896, 1, 1}}, {{128, 896, 1, 1}, {128, 128, 1, 7}, {128, 128, 7, 1}}}, .1);
    blocks_.push_back(builder.reduction("mixed_7a", {{{256, 896, 1, 1}, {384, 256, 3, 3}},
                                                     {{256, 896, 1, 1}, {256, 256, 3, 3}},
                                                     {{256, 896, 1, 1}, {256, 256, 3, 3}, {256, 256, 3, 3}}}));
    const std::vector<Shapes> last = {{{192, 1792, 1, 1}}, {{192, 1792, 1, 1}, {192, 192, 1, 3}, {192, 192, 3, 1}}};
    repeat("repeat_3", 5, last, .2);
    blocks_.push_back(builder.residual("block8", last, 1, Activation::none));
    const at::Tensor weight = builder.get("last_linear.weight", {any, 1792});
    const layers::Folded folded = builder.normalised(weight.unsqueeze(2).unsqueeze(3), "last_bn");
    out_ = layers::Linear(folded.weight.flatten(1), folded.bias);
  }

  Field provides() const override { return Field::embedding; }
  ViewSpec view() const override { return {side, side, BoxCrop{.scale = scale_}}; }

  Output forward(const at::Tensor& images) override { return embed(images, {}); }
  Output forward_attacked(const at::Tensor& images, Random& random) override {
    return embed(images, {dropout_, random});
  }

 private:
  Output embed(const at::Tensor& images, const Dropout& dropout) const {
    at::Tensor x = stem_(layers::normalise(images, {127.5, 127.5, 127.5}, 128));
    x = after_pooling_(layers::max_pool(x, 3, 2, Padding::valid));
    for (const Inception& block : blocks_) x = block(x, dropout);
    const at::Tensor embedding = out_(layers::global_average(x));
    Output output;
    output.embedding = embedding / embedding.norm(2, 1, true).clamp_min(1e-12);
    return output;
  }

  std::string weights_ = "models/inception_resnet_v1/20180402-114759-vggface2.safetensors";
  double dropout_ = 0;
  double scale_ = 1;  // facenet-pytorch crops a face detector's boxes without a margin
  Branch stem_, after_pooling_;
  std::vector<Inception> blocks_;
  layers::Linear out_;
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<InceptionResnetV1>();
}
