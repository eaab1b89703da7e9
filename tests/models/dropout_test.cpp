// Embedders that drop features while they are attacked, as DFANet does.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "faces/faces.hpp"
#include "gradients.hpp"
#include "models/made_up_facenet.hpp"
#include "picture/picture.hpp"
#include "plugins/plugin_files.hpp"

namespace faceoff {
namespace {

class Dropping : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Model> model(double dropout, at::ScalarType dtype = at::kFloat) const {
    Parameters parameters = {{"dropout", dropout}};
    if (GetParam() == "inception_resnet_v1") parameters.emplace_back("weights", weights());
    return make<Model>(GetParam(), parameters, dtype);
  }

  /// Two faces, or the first of them.
  static at::Tensor images(const Model& model, std::int64_t rows, at::ScalarType dtype = at::kFloat) {
    const std::filesystem::path golden = std::filesystem::path(FACEOFF_GOLDEN_FOLDER) / "faces";
    const at::Tensor both = at::cat({to_tensor(read_picture(golden / "crop00_224.png"), dtype),
                                     to_tensor(read_picture(golden / "crop07_224.png"), dtype)});
    const ViewSpec view = model.view();
    // With some grain: where neighbours are the same, a maximum has no gradient.
    return at::upsample_bilinear2d(both.narrow(0, 0, rows), {view.height, view.width}, false) +
           noise({rows, 3, view.height, view.width}, -1, 1, 4, dtype);
  }

 private:
  /// 94 MB, once.
  static std::string weights() {
    static const TemporaryFolder folder;
    static const std::string path = write_made_up_facenet(folder / "facenet.safetensors").string();
    return path;
  }
};

TEST_P(Dropping, IsRandomWhileItIsAttackedAlone) {
  const at::NoGradGuard no_grad;
  const auto plain = model(0), dropping = model(.1);
  const at::Tensor images = Dropping::images(*plain, 2);
  const at::Tensor clean = plain->forward(images).embedding;
  Random random(7, {1, 2}), same(7, {1, 2}), second(7, {2});
  const at::Tensor once = dropping->forward_attacked(images, random).embedding;
  const at::Tensor again = dropping->forward_attacked(images, random).embedding;
  EXPECT_GT(largest_difference(once, clean), 1e-3);
  EXPECT_GT(largest_difference(once, again), 1e-3) << "each evaluation draws anew";
  EXPECT_TRUE(at::equal(dropping->forward_attacked(images, same).embedding, once)) << "from the same numbers";
  EXPECT_LT(
      largest_difference(dropping->forward_attacked(images.narrow(0, 1, 1), second).embedding, once.narrow(0, 1, 1)),
      1e-5)
      << "a row drops its own";
  EXPECT_TRUE(at::equal(dropping->forward(images).embedding, clean)) << "nothing of it is left";
  EXPECT_GT((once * clean).sum(1).min().item<double>(), .5) << "it is still the same network\n"
                                                            << (once * clean).sum(1);
  EXPECT_TRUE(at::equal(plain->forward_attacked(images, random).embedding, clean));
}

TEST_P(Dropping, HasTheGradientOfTheFeaturesThatAreLeft) {
  const auto dropping = model(.1, at::kDouble);
  const at::Tensor x = images(*dropping, 1, at::kDouble);
  const at::Tensor weights = noise({dropping->forward(x).embedding.size(1)}, -1, 1, 5);
  const auto value = [&](const at::Tensor& at) {
    Random random(7, {1}, at::kDouble);
    return dropping->forward_attacked(at, random).embedding.matmul(weights).sum();
  };
  const at::Tensor input = x.clone().requires_grad_(true);
  const at::Tensor gradient = torch::autograd::grad({value(input)}, {input}).front();
  const at::NoGradGuard no_grad;
  expect_true_gradient([&](const at::Tensor& at) { return value(at).item<double>(); }, x, gradient);
}

INSTANTIATE_TEST_SUITE_P(Tree, Dropping,
                         testing::Values("face_recognition", "faceres", "inception_resnet_v1", "mobileface",
                                         "mobilefacenet"),
                         [](const auto& model) { return model.param; });

}  // namespace
}  // namespace faceoff
