// The embedders that see one face in a square: parity with the publishers' own graphs (tests/golden/faces, which
// tests/golden/face_api.mjs and tests/golden/graphs.py make) and with the same weights as TorchScript, rows, gradients.
#include <faceoff/layers.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstring>

#include "base/files.hpp"
#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "picture/picture.hpp"
#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

const std::filesystem::path golden = std::filesystem::path(FACEOFF_GOLDEN_FOLDER) / "faces";

struct Embedder {
  std::string plugin, weights, pictures;  // pictures: what their names begin and end with, about the number
  std::string ending;
  std::int64_t rows, dimensions;
};

void PrintTo(const Embedder& embedder, std::ostream* out) {
  *out << embedder.weights;
}

class Embedders : public testing::TestWithParam<Embedder> {
 protected:
  std::unique_ptr<Model> model(at::ScalarType dtype = at::kFloat) const {
    return make<Model>(GetParam().plugin, {{"weights", "models/" + GetParam().weights + ".safetensors"}}, dtype);
  }
  at::Tensor picture(std::int64_t i, at::ScalarType dtype = at::kFloat) const {
    const std::string name = GetParam().pictures + "0" + std::to_string(i) + GetParam().ending;
    return to_tensor(read_picture(golden / name), dtype);
  }
  at::Tensor all_pictures() const {
    std::vector<at::Tensor> all;
    for (std::int64_t i = 0; i < GetParam().rows; ++i) all.push_back(picture(i));
    return at::cat(all);
  }
};

TEST_P(Embedders, EmbedAsThePublishersGraphDoes) {
  const at::NoGradGuard no_grad;
  const std::vector<std::uint8_t> bytes = read_file(golden / (GetParam().weights + ".f32"), 1 << 20);
  at::Tensor raw = at::empty({GetParam().rows, GetParam().dimensions}, at::kFloat);
  ASSERT_EQ(bytes.size(), raw.nbytes());
  std::memcpy(raw.data_ptr(), bytes.data(), bytes.size());
  const at::Tensor embedding = model()->forward(all_pictures()).embedding;
  EXPECT_LT(largest_difference(embedding, raw / raw.norm(2, 1, true)), 1e-5);
}

TEST_P(Embedders, EmbedABatchAsItsRowsAlone) {
  const at::NoGradGuard no_grad;
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
    const auto embedder = model(dtype);
    const at::Tensor first = picture(0, dtype), second = picture(3, dtype);
    const at::Tensor both = embedder->forward(at::cat({first, second})).embedding;
    ASSERT_EQ(both.scalar_type(), dtype);
    const at::Tensor alone = at::cat({embedder->forward(first).embedding, embedder->forward(second).embedding});
    EXPECT_LT(largest_difference(both, alone), dtype == at::kFloat ? 1e-5 : 1e-12);
  }
}

TEST_P(Embedders, EmbedNearlyTheSameWhileTheyAreAttackedInBfloat16) {
  const auto embedder = model();
  const at::Tensor along = noise({GetParam().rows, GetParam().dimensions}, -1, 1, 2).to(at::kFloat);
  const auto answer = [&] {
    at::Tensor x = all_pictures().requires_grad_(true);
    const at::Tensor embedding = embedder->forward(x).embedding;
    return std::pair{embedding.detach(), torch::autograd::grad({embedding}, {x}, {along}).front()};
  };
  const auto [exact, gradient] = answer();
  const layers::PrecisionGuard guard(layers::Precision::bfloat16);
  const auto [near, near_gradient] = answer();
  EXPECT_TRUE(guard.narrowed());
  EXPECT_EQ(near.scalar_type(), at::kFloat);
  // Of a network of ReLU6 alone little is left of digits by its end: the others are within .999 and .8.
  EXPECT_GT((near * exact).sum(1).min().item<double>(), .98);
  EXPECT_GT(at::cosine_similarity(near_gradient.flatten(1), gradient.flatten(1)).min().item<double>(), .6);
}

TEST_P(Embedders, HaveTheGradientThatCentralDifferencesGive) {
  const auto embedder = model(at::kDouble);
  const at::Tensor weights = noise({GetParam().dimensions}, -1, 1, 2);
  const auto value = [&](const at::Tensor& x) { return (embedder->forward(x).embedding[0] * weights).sum(); };
  const at::Tensor x = picture(0, at::kDouble).requires_grad_(true);
  const at::Tensor gradient = torch::autograd::grad({value(x)}, {x}).front();
  const at::NoGradGuard no_grad;
  ASSERT_GT(gradient.norm().item<double>(), 0);
  // Half of the random direction is the gradient's signs, so that its parts do not cancel to nothing. The steps are so
  // short that next to none of the rectifiers turns over on the way.
  const at::Tensor random = noise(x.sizes(), -1, 1, 1);
  for (const at::Tensor& along : {gradient, random + at::where(random > 0, gradient.sign(), at::zeros_like(random))}) {
    const at::Tensor step = 3e-5 * along / along.norm();
    const double difference = (value(x + step) - value(x - step)).item<double>() / 2;
    EXPECT_NEAR(difference / (gradient * step).sum().item<double>(), 1, 1e-5);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Embedders,
                         testing::Values(Embedder{"faceres", "faceres", "crop", "_224.png", 10, 1024},
                                         Embedder{"faceres", "faceres_deep", "crop", "_224.png", 10, 1024},
                                         Embedder{"mobileface", "mobileface", "arc", "_112.png", 6, 256},
                                         Embedder{"mobilefacenet", "mobilefacenet", "arc", "_112.png", 6, 192},
                                         Embedder{"mobilefacenet", "frface", "arc", "_112.png", 6, 512}),
                         [](const auto& embedder) { return embedder.param.weights; });

TEST(Faceres, IsTheSameNetworkAsItsTorchScript) {
  const at::NoGradGuard no_grad;
  const at::Tensor picture = to_tensor(read_picture(golden / "crop04_224.png"), at::kFloat);
  for (const std::string name : {"faceres", "faceres_deep"}) {
    const auto native = make<Model>("faceres", {{"weights", "models/" + name + ".safetensors"}});
    const auto script = make<Model>("torchscript", {{"weights", "models/" + name + ".pt"}});
    EXPECT_EQ(native->view(), script->view());
    EXPECT_LT(largest_difference(native->forward(picture).embedding, script->forward(picture).embedding), 1e-5) << name;
  }
}

TEST(MobileFace, AndMobileFaceNetSeeTheFaceByFivePointsOrByItsBox) {
  for (const char* plugin : {"mobileface", "mobilefacenet"}) {
    EXPECT_EQ(make<Model>(plugin)->view(), (ViewSpec{112, 112, FivePoints{}})) << plugin;
    EXPECT_EQ(make<Model>(plugin, {{"align", "box"}})->view(), (ViewSpec{112, 112, BoxCrop{.scale = 1}})) << plugin;
  }
}

TEST(MobileFaceNet, IsToldByTheFileHowItPadsAndWhatItsInputIs) {
  const std::string bytes = read_bytes("models/frface.safetensors");
  const TemporaryFolder folder;
  const std::string path = (folder / "changed.safetensors").string();
  const auto refusal = [&](const std::string& was, const std::string& is) {
    std::string changed = bytes;
    changed.replace(changed.find(was), was.size(), is);
    write_bytes(path, changed);
    return error_of<FileError>([&] { make<Model>("mobilefacenet", {{"weights", path}}); });
  };
  EXPECT_EQ(refusal("\"symmetric\"", "\"symmetriC\""),
            path + ": metadata padding = 'symmetriC' is neither same nor symmetric");
  EXPECT_EQ(refusal("\"padding\"", "\"paddinG\""), path + ": its metadata have no 'padding'");
  EXPECT_EQ(refusal("\"input_mean\":\"127\"", "\"input_mean\":\"12x\""),
            path + ": metadata input_mean = '12x' is no number above 0");
}

}  // namespace
}  // namespace faceoff
