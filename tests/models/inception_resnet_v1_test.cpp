// Parity with facenet-pytorch's InceptionResnetV1: tests/golden/inception_resnet_v1, which
// tests/golden/inception_resnet_v1.py makes.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstring>

#include "base/files.hpp"
#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "models/made_up_facenet.hpp"
#include "picture/picture.hpp"
#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

namespace fs = std::filesystem;

const fs::path golden = FACEOFF_GOLDEN_FOLDER;

at::Tensor golden_floats(const std::string& name) {
  const std::vector<std::uint8_t> bytes = read_file(golden / "inception_resnet_v1" / name, 1 << 20);
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(bytes.size() / sizeof(float))}, at::kFloat);
  std::memcpy(tensor.data_ptr(), bytes.data(), tensor.nbytes());
  return tensor.to(at::kDouble);
}

/// The two faces that the reference was given: the middle of a crop, with a grain.
at::Tensor faces(at::ScalarType dtype) {
  std::vector<at::Tensor> rows;
  for (const char* name : {"crop00_224.png", "crop07_224.png"}) {
    const at::Tensor crop = to_tensor(read_picture(golden / "faces" / name), at::kDouble);
    const at::Tensor grain = at::tensor(made_up(name, {3 * 160 * 160})).view({1, 3, 160, 160});
    rows.push_back(crop.narrow(2, 32, 160).narrow(3, 32, 160) + grain);
  }
  return at::cat(rows).to(dtype);
}

double relative_difference(const at::Tensor& found, const at::Tensor& expected) {
  return ((found.to(at::kDouble) - expected).norm() / expected.norm()).item<double>();
}

class Facenet : public testing::Test {
 protected:
  std::unique_ptr<Model> facenet(at::ScalarType dtype, std::uint64_t width = 512) const {
    const fs::path file = write_made_up_facenet(folder_ / "weights.safetensors", width);
    return make<Model>("inception_resnet_v1", {{"weights", file.string()}}, dtype);
  }

  TemporaryFolder folder_;
};

/// What the sum of embedding × direction changes by with the pixels.
at::Tensor gradient_along(Model& model, const at::Tensor& pixels, const at::Tensor& direction) {
  const at::Tensor variable = pixels.clone().requires_grad_(true);
  return torch::autograd::grad({(model.forward(variable).embedding * direction).sum()}, {variable}).front();
}

TEST_F(Facenet, EmbeddingsAndTheirGradientAreTheReferences) {
  const auto model = facenet(at::kDouble);
  const at::Tensor direction = at::tensor(made_up("direction", {2, 512})).view({2, 512}).to(at::kDouble);
  const at::Tensor embedding = golden_floats("embedding.f32").view({2, 512});
  {
    const at::NoGradGuard no_grad;
    EXPECT_LT(relative_difference(model->forward(faces(at::kDouble)).embedding, embedding), 1e-6);
  }
  const at::Tensor gradient = gradient_along(*model, faces(at::kDouble), direction);
  EXPECT_LT(relative_difference(gradient.flatten().slice(0, 0, {}, 7), golden_floats("gradient.f32")), 1e-6);

  // In the precision that attacks run in, the rectifiers within rounding of their kink take the other side.
  const auto single = facenet(at::kFloat);
  const at::Tensor rounded = gradient_along(*single, faces(at::kFloat), direction.to(at::kFloat));
  EXPECT_LT(relative_difference(rounded, gradient), .03);
  const at::NoGradGuard no_grad;
  EXPECT_LT(relative_difference(single->forward(faces(at::kFloat)).embedding, embedding), 1e-5);
}

TEST_F(Facenet, AnEmbeddingIsAsLongAsTheWeightsSay) {
  const at::NoGradGuard no_grad;
  const at::Tensor first = golden_floats("embedding.f32").view({2, 512}).narrow(1, 0, 128);
  const auto model = facenet(at::kFloat, 128);
  EXPECT_LT(relative_difference(model->forward(faces(at::kFloat)).embedding, first / first.norm(2, 1, true)), 1e-5);
  EXPECT_EQ(model->view(), (ViewSpec{160, 160, BoxCrop{.scale = 1, .down = 0}}));
}

TEST_F(Facenet, ABatchOfFacesGivesWhatTheFacesGiveAlone) {
  const at::NoGradGuard no_grad;
  const auto model = facenet(at::kFloat);
  const at::Tensor images = faces(at::kFloat), both = model->forward(images).embedding;
  for (std::int64_t i = 0; i < 2; ++i)
    EXPECT_LT(largest_difference(both[i], model->forward(images.narrow(0, i, 1)).embedding[0]), 1e-5);
}

TEST_F(Facenet, SaysWhichTensorIsMissing) {
  const fs::path file = folder_ / "weights.safetensors";
  write_bytes(file, std::string("\x02\0\0\0\0\0\0\0{}", 10));
  const auto load = [&] { make<Model>("inception_resnet_v1", {{"weights", file.string()}}); };
  expect_in(error_of<FileError>(load), "no tensor 'conv2d_1a.conv.weight'");
}

}  // namespace
}  // namespace faceoff
