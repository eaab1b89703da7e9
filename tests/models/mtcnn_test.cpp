// MTCNN against facenet-pytorch: tests/golden/faces/mtcnn*, which tests/golden/mtcnn.py makes.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/autograd/autograd.h>

#include <array>
#include <cstring>
#include <fstream>

#include "attack/assembly.hpp"
#include "base/files.hpp"
#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "picture/picture.hpp"
#include "plugins/model_pool.hpp"
#include "plugins/plugin_config.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

namespace fs = std::filesystem;

const fs::path golden = fs::path(FACEOFF_GOLDEN_FOLDER) / "faces";

at::Tensor golden_rows(const std::string& name, std::int64_t columns) {
  const std::vector<std::uint8_t> bytes = read_file(golden / name, 1 << 20);
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(bytes.size()) / (4 * columns), columns}, at::kFloat);
  std::memcpy(tensor.data_ptr(), bytes.data(), tensor.nbytes());
  return tensor;
}

at::Tensor photo(const std::string& name, at::ScalarType dtype = at::kFloat) {
  return to_tensor(read_picture(fs::path("models/samples") / (name + ".jpg")), dtype);
}

/// A face of about 50 pixels, small enough for double precision.
at::Tensor small_photo(const std::string& name, std::int64_t x, std::int64_t y, at::ScalarType dtype) {
  return at::avg_pool2d(photo(name, dtype).narrow(2, y, 360).narrow(3, x, 360), {4, 4}, {4, 4}).contiguous();
}

const LoadedModel& mtcnn() {
  static ModelPool pool(tree_plugins(), tree_setup(), {});
  PluginConfig config;
  config.info = tree_plugins().find(Kind::model, "mtcnn");
  for (const ParamInfo& param : config.info->params) config.params.emplace_back(&param, param.initial);
  return pool.get("mtcnn", config);
}

TEST(Mtcnn, FindsTheFacesThatFacenetPytorchFinds) {
  const nlohmann::json all = nlohmann::json::parse(std::ifstream(golden / "mtcnn.json"));
  ASSERT_EQ(all.size(), 6U);
  for (const auto& [name, expected] : all.items()) {
    const at::Tensor picture = photo(name);
    const auto width = static_cast<double>(picture.size(3)), height = static_cast<double>(picture.size(2));
    const std::vector<Face> found = detect(mtcnn(), picture, .5);
    ASSERT_EQ(found.size(), expected.size()) << name;
    for (std::size_t i = 0; i < found.size(); ++i) {  // both best first
      const auto box = expected[i].at("box").get<std::array<double, 4>>();
      const std::string which = name + ", face " + std::to_string(i);
      EXPECT_NEAR(found[i].box.x0, std::clamp(box[0], 0., width), .01) << which;
      EXPECT_NEAR(found[i].box.y0, std::clamp(box[1], 0., height), .01) << which;
      EXPECT_NEAR(found[i].box.x1, std::clamp(box[2], 0., width), .01) << which;
      EXPECT_NEAR(found[i].box.y1, std::clamp(box[3], 0., height), .01) << which;
      EXPECT_NEAR(found[i].score, expected[i].at("score").get<double>(), 1e-5) << which;
      const auto points = expected[i].at("points").get<std::vector<std::array<double, 2>>>();
      ASSERT_EQ(found[i].landmarks.sizes(), at::IntArrayRef({5, 2})) << which;
      for (std::int64_t k = 0; k < 5; ++k) {
        const auto [x, y] = points.at(static_cast<std::size_t>(k));
        EXPECT_NEAR(found[i].landmarks[k][0].item<double>(), x, .01) << which << ", point " << k;
        EXPECT_NEAR(found[i].landmarks[k][1].item<double>(), y, .01) << which << ", point " << k;
      }
    }
  }
}

TEST(Mtcnn, SaysOnTheWayWhatFacenetPytorchsNetsSay) {
  const at::NoGradGuard no_grad;
  const auto model = make<Model>("mtcnn", {{"on_the_way", std::vector<double>{.5, .5, .5}}});
  Random random(7, {1});
  const Output output = model->forward_attacked(photo("sample2"), random);
  const at::Tensor p = golden_rows("mtcnn_pnet_2.f32", 5), r = golden_rows("mtcnn_rnet_2.f32", 1),
                   o = golden_rows("mtcnn_onet_2.f32", 1);
  constexpr std::int64_t faces = 3;
  ASSERT_EQ(output.scores.size(1), faces + p.size(0) + r.size(0) + o.size(0));
  EXPECT_EQ(model->forward(photo("sample2")).scores.size(1), faces) << "a judge sees faces alone";
  const at::Tensor expected = at::cat({p.select(1, 4), r.flatten(), o.flatten()});
  EXPECT_LT(largest_difference(output.scores[0].slice(0, faces) * 2, expected), 1e-4);
  EXPECT_LT(largest_difference(output.boxes[0].narrow(0, faces, p.size(0)), p.narrow(1, 0, 4)), 1e-2);
}

TEST(Mtcnn, HasTheGradientThatCentralDifferencesGive) {
  const auto model = make<Model>("mtcnn", {{"on_the_way", std::vector<double>{.2, .3, .4}}}, at::kDouble);
  // With noise, as neighbours that are equal tie in a max pooling, and there central differences take the middle.
  const at::Tensor picture = small_photo("sample1", 320, 300, at::kDouble) + noise({1, 3, 90, 90}, -1, 1, 5);
  const auto value = [&](const at::Tensor& x) {
    Random random(7, {1});
    const Output output = model->forward_attacked(x, random);
    const at::Tensor weight = at::linspace(.5, 1.5, output.boxes.numel(), at::kDouble).view(output.boxes.sizes());
    const at::Tensor along = at::linspace(-1, 1, output.landmarks.numel(), at::kDouble).view(output.landmarks.sizes());
    return output.scores.sum() + 1e-3 * (output.boxes * weight).sum() + 1e-3 * (output.landmarks * along).sum();
  };
  const at::Tensor input = picture.clone().requires_grad_(true);
  const at::Tensor gradient = torch::autograd::grad({value(input)}, {input}).front();
  // Along all pixels, half of them by the gradient's own signs so that its parts do not cancel.
  const at::Tensor random = noise(picture.sizes(), -1, 1, 1);
  const at::Tensor mixed = random + at::where(random > 0, gradient.sign(), at::zeros_like(gradient));
  const at::Tensor along = mixed * (1e-5 / mixed.norm());
  EXPECT_NEAR(((value(picture + along) - value(picture - along)) / (2 * (gradient * along).sum())).item<double>(), 1,
              1e-4);
  const at::Tensor strongest = std::get<1>(gradient.flatten().abs().topk(4));
  const double largest = gradient.abs().max().item<double>();
  ASSERT_GT(largest, 0);
  const at::NoGradGuard no_grad;
  constexpr double step = 1e-5;  // too short for a choice to turn over
  for (std::int64_t i = 0; i < strongest.size(0); ++i) {
    const auto pixel = strongest[i].item<std::int64_t>();
    at::Tensor direction = at::zeros_like(picture);
    direction.view({-1})[pixel] = step;
    const double difference = (value(picture + direction) - value(picture - direction)).item<double>() / (2 * step);
    EXPECT_NEAR(difference, gradient.flatten()[pixel].item<double>(), 1e-5 * largest) << "pixel " << pixel;
  }
}

TEST(Mtcnn, ABatchGivesWhatThePicturesGiveAlone) {
  const at::NoGradGuard no_grad;
  const auto model = make<Model>("mtcnn");
  const at::Tensor first = small_photo("sample1", 320, 300, at::kFloat);
  const at::Tensor second = small_photo("sample3", 960, 180, at::kFloat);
  const Output both = model->forward(at::cat({first, at::full_like(first, 127), second}));
  for (const auto& [row, picture] : {std::pair<std::int64_t, at::Tensor>{0, first}, {2, second}}) {
    const Output alone = model->forward(picture);
    const std::int64_t count = alone.scores.size(1);
    EXPECT_GT(alone.scores[0][0].item<double>(), .9) << "no face to compare";
    EXPECT_TRUE(same_bits(both.scores[row].narrow(0, 0, count), alone.scores[0]));
    EXPECT_TRUE(same_bits(both.boxes[row].narrow(0, 0, count), alone.boxes[0]));
    EXPECT_TRUE(same_bits(both.landmarks[row].narrow(0, 0, count), alone.landmarks[0]));
  }
  EXPECT_EQ(both.scores[1].abs().max().item<double>(), 0);
}

TEST(Mtcnn, ABatchHasTheGradientsThatThePicturesHaveAlone) {
  const auto model = make<Model>("mtcnn");
  Random random(7, {1, 1, 1});
  const auto gradient = [&](const at::Tensor& pictures) {
    const at::Tensor input = pictures.clone().requires_grad_(true);
    const Output output = model->forward_attacked(input, random);
    return torch::autograd::grad({output.scores.sum() + 1e-3 * output.boxes.sum()}, {input}).front();
  };
  const at::Tensor first = small_photo("sample1", 320, 300, at::kFloat);
  const at::Tensor second = small_photo("sample3", 960, 180, at::kFloat);
  const at::Tensor together = gradient(at::cat({first, at::full_like(first, 127), second}));
  for (const auto& [row, picture] : {std::pair<std::int64_t, at::Tensor>{0, first}, {2, second}}) {
    const at::Tensor alone = gradient(picture);
    EXPECT_LT(largest_difference(together.narrow(0, row, 1), alone), 1e-4 * alone.abs().max().item<double>());
  }
  EXPECT_EQ(together[1].abs().max().item<double>(), 0);
}

TEST(Mtcnn, HasAGradientWhereThereIsNothingToSee) {
  const auto model = make<Model>("mtcnn");
  for (const std::int64_t side : {7, 60}) {
    const at::Tensor picture = at::full({2, 3, side, side + 2}, 127.F).requires_grad_(true);
    const Output output = model->forward(picture);
    EXPECT_EQ(output.scores.sizes(), at::IntArrayRef({2, 0}));
    EXPECT_EQ(output.boxes.sizes(), at::IntArrayRef({2, 0, 4}));
    EXPECT_EQ(output.landmarks.sizes(), at::IntArrayRef({2, 0, 5, 2}));
    const at::Tensor gradient = torch::autograd::grad({output.scores.sum() + output.boxes.sum()}, {picture}).front();
    EXPECT_EQ(gradient.abs().max().item<double>(), 0);
  }
}

}  // namespace
}  // namespace faceoff
