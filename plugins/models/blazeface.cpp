// BlazeFace, MediaPipe's face detector for phones, as vladmandic's Human publishes it: front (128×128, faces that fill
// the picture) or back (256×256, smaller ones too). V. Bazarevsky, Y. Kartynnik, A. Vakunov, K. Raveendran and M.
// Grundmann, "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", CV4ARVR 2019.
//
// Landmarks. The network marks both eyes, the nose's tip, the middle of the mouth and the ears. Recognisers are aligned
// by five points, the last two the mouth's corners; here the middle stands for both. In a least-squares fit that is the
// mouth's middle, where the template has it, counted twice.
#include <faceoff/error.hpp>
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
using layers::Padding;

/// Blocks one after another of the same width, the first of which may halve the map.
struct Stage {
  std::int64_t times, width, stride;
  bool shortcut = true;
};

/// relu(pointwise(depthwise(x)) + x): x is pooled where the block halves the map, and gets channels of zeros behind
/// where it widens it.
struct Block {
  Conv2d depthwise, pointwise;
  std::int64_t stride, wider;
  bool shortcut;
  at::Tensor operator()(const at::Tensor& x) const {
    if (!shortcut) return pointwise(depthwise(x));
    const at::Tensor same = stride == 1 ? x : layers::max_pool(x, 2, 2, Padding::same);
    return pointwise(depthwise(x), wider == 0 ? same : at::constant_pad_nd(same, {0, 0, 0, 0, 0, wider}));
  }
};

/// Blocks, and heads on what they make: a score's logit, and a box and six points an anchor.
struct Scale {
  std::vector<Block> blocks;
  Conv2d scores, boxes;
};

class BlazeFace : public Model {
 public:
  static void describe(Schema<BlazeFace>& s) {
    s.name("blazeface").summary("BlazeFace detector (MediaPipe): 896 boxes with scores, and five landmarks of each");
    s.cites("Bazarevsky et al., BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs, CV4ARVR 2019");
    s.param("weights", &BlazeFace::weights_,
            "safetensors file made by scripts/models: blazeface_back (256×256) or blazeface_front (128×128)")
        .file();
  }

  void setup(const Setup& setup) override {
    const std::filesystem::path path = setup.resolve(weights_);
    const TensorFile file(path);
    const auto size = file.metadata().find("input_size");
    const bool front = size != file.metadata().end() && size->second == "128";
    if (!front && (size == file.metadata().end() || size->second != "256"))
      throw FileError(path.string() + ": its metadata have no input_size of 128 or 256");
    side_ = front ? 128 : 256;
    const auto layer = [&](const std::string& name, std::int64_t out, std::int64_t in, std::int64_t kernel, bool biased,
                           const layers::ConvOptions& options) {
      const auto get = [&](const char* what, at::IntArrayRef shape) {
        return file.get(name + what, shape, setup.dtype).to(setup.device);
      };
      return Conv2d(get(".weight", {out, in, kernel, kernel}), biased ? get(".bias", {out}) : at::Tensor(), options);
    };
    stem_ = layer("stem", 24, 3, 5, true, {.stride = 2, .activation = Activation::relu});
    std::int64_t width = 24;
    int count = 0;
    scales_.clear();
    const auto scale = [&](const std::vector<Stage>& stages, std::int64_t anchors) {
      Scale made;
      for (const Stage& stage : stages) {
        for (std::int64_t i = 0; i < stage.times; ++i, ++count) {
          const std::string name = "blocks." + std::to_string(count);
          const std::int64_t stride = i == 0 ? stage.stride : 1;
          made.blocks.push_back(
              {layer(name + ".depthwise", width, 1, 3, false, {.stride = stride, .depthwise = true}),
               layer(name + ".pointwise", stage.width, width, 1, true, {.activation = Activation::relu}), stride,
               stage.width - width, stage.shortcut});
          width = stage.width;
        }
      }
      const std::string head = "heads." + std::to_string(scales_.size());
      made.scores = layer(head + ".scores", anchors, width, 1, true, {});
      made.boxes = layer(head + ".boxes", 16 * anchors, width, 1, true, {});
      scales_.push_back(made);
    };
    if (front) {
      scale({{1, 24, 1},
             {1, 28, 1},
             {1, 32, 2},
             {1, 36, 1},
             {1, 42, 1},
             {1, 48, 2},
             {1, 56, 1},
             {1, 64, 1},
             {1, 72, 1},
             {1, 80, 1},
             {1, 88, 1}},
            2);
      scale({{5, 96, 2}}, 6);
    } else {
      scale({{7, 24, 1}, {8, 24, 2}, {8, 48, 2}, {8, 96, 2}}, 2);
      scale({{1, 96, 2, false}}, 6);
    }
    std::vector<double> centres;
    for (const auto& [cells, anchors] : {std::pair{16, 2}, std::pair{8, 6}}) {
      for (int i = 0; i < cells * cells * anchors; ++i) {
        const int cell = i / anchors;
        for (const int place : {cell % cells, cell / cells})
          centres.push_back((place + .5) * static_cast<double>(side_) / cells);
      }
    }
    anchors_ = at::tensor(centres, at::TensorOptions(setup.dtype).device(setup.device)).view({-1, 2});
  }

  Field provides() const override { return Field::scores | Field::boxes | Field::landmarks; }
  ViewSpec view() const override { return {side_, side_, LetterboxedPicture{}}; }

  Output forward(const at::Tensor& images) override {
    at::Tensor x = stem_(layers::normalise(images, {127.5, 127.5, 127.5}, 127.5));
    std::vector<at::Tensor> logits, boxes;
    for (const Scale& scale : scales_) {
      for (const Block& block : scale.blocks) x = block(x);
      logits.push_back(layers::flatten_nhwc(scale.scores(x)));
      boxes.push_back(layers::flatten_nhwc(scale.boxes(x)).unflatten(1, {-1, 8, 2}));
    }
    const at::Tensor pairs = at::cat(boxes, 1);  // [R,896,8,2] centre, size and six points, as x, y from the anchor
    const at::Tensor centre = pairs.select(2, 0) + anchors_, half = pairs.select(2, 1) / 2;
    const at::Tensor points = pairs.narrow(2, 2, 4) + anchors_.unsqueeze(1);  // eyes, nose, mouth
    Output output;
    output.scores = at::cat(logits, 1).sigmoid();
    output.boxes = at::cat({centre - half, centre + half}, 2);
    output.landmarks = at::cat({points, points.narrow(2, 3, 1)}, 2);
    return output;
  }

 private:
  std::string weights_ = "models/blazeface_back.safetensors";
  std::int64_t side_ = 256;
  Conv2d stem_;
  std::vector<Scale> scales_;
  at::Tensor anchors_;  // [896,2] as x, y, in pixels of the view
};

}  // namespace

FACEOFF_PLUGINS(r) {
  r.add<BlazeFace>();
}
