// Losses on pixels: values worked out by hand and by other people's programs, and gradients against central
// differences.
#include <ATen/ATen.h>
#include <nlohmann/json.hpp>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "faces/faces.hpp"
#include "gradients.hpp"
#include "picture/picture.hpp"

namespace faceoff {
namespace {

at::Tensor ask(const Loss& loss, const at::Tensor& picture, const at::Tensor& clean) {
  Output adversarial;
  adversarial.picture = picture;
  Reference reference;
  reference.clean.picture = clean;
  return loss(adversarial, reference);
}

double by(const std::string& loss, const at::Tensor& picture, const at::Tensor& clean, const Parameters& parameters) {
  return ask(*make<Loss>(loss, parameters), picture, clean).item<double>();
}

/// A picture of three equal planes.
at::Tensor grey(const std::vector<double>& values, std::int64_t height, std::int64_t width) {
  return at::tensor(values, at::kDouble).view({1, 1, height, width}).expand({1, 3, height, width}).contiguous();
}

// Three pixels by two, changed by 3 and 4 to the right and below, and elsewhere by nothing.
const std::vector<double> before = {10, 20, 30, 40, 50, 60}, after = {10, 24, 30, 43, 50, 60};

TEST(PixelLosses, AreWhatTheirDefinitionsSay) {
  const at::Tensor clean = grey(before, 2, 3), picture = grey(after, 2, 3);
  EXPECT_NEAR(by("l2", picture, clean, {}), (16. + 9) / 6, 1e-12);
  // The change is 0 4 0 / 3 0 0: of each pixel the step to the right and the step down, as far as there are any.
  const double change = std::hypot(4, 3) + std::hypot(-4, -4) + 0 + 3 + 0 + 0;
  EXPECT_NEAR(by("total_variation", picture, clean, {}), change / 6, 1e-5);
  const double whole = std::hypot(14, 33) + std::hypot(6, 26) + 30 + 7 + 10 + 0;
  EXPECT_NEAR(by("total_variation", picture, clean, {{"of", std::string("picture")}}), whole / 6, 1e-5);
  // The blocks of 2 by 2 are two, and the second is cut: (0 + 4 + 3 + 0)/4 and (0 + 0)/2.
  EXPECT_NEAR(by("low_frequency", picture, clean, {}), (7. / 4 + 0) / 2, 1e-12);
  EXPECT_NEAR(by("low_frequency", picture, clean, {{"block", std::int64_t{3}}}), 7. / 6, 1e-12);
  EXPECT_NEAR(by("low_frequency", grey({4, -4, -4, 4}, 2, 2), grey({0, 0, 0, 0}, 2, 2), {}), 0, 1e-12)
      << "fine detail is free";
}

TEST(PixelLosses, CostNothingWhereNothingHasChangedAndLeadNowhere) {
  const at::Tensor clean = noise({2, 3, 20, 24}, 0, 255, 1);
  for (const std::string loss : {"l2", "total_variation", "ssim", "low_frequency"}) {
    const at::Tensor picture = clean.clone().requires_grad_(true);
    const at::Tensor values = ask(*make<Loss>(loss), picture, clean);
    EXPECT_LT(values.abs().max().item<double>(), 2e-6) << loss;
    const at::Tensor gradient = torch::autograd::grad({values.sum()}, {picture}).front();
    EXPECT_LT(gradient.abs().max().item<double>(), 1e-12) << loss;
  }
}

TEST(PixelLosses, NeedPixelsAlone) {
  for (const std::string loss : {"l2", "total_variation", "ssim", "low_frequency"})
    EXPECT_EQ(make<Loss>(loss)->needs(), Field::picture) << loss;
}

TEST(PixelLosses, HaveTheGradientThatCentralDifferencesGiveAndEachRowItsOwn) {
  const at::Tensor clean = noise({2, 3, 16, 19}, 0, 255, 1), x = clean + noise({2, 3, 16, 19}, -16, 16, 2);
  const std::vector<std::pair<std::string, Parameters>> all = {{"l2", {}},
                                                               {"total_variation", {}},
                                                               {"total_variation", {{"of", std::string("picture")}}},
                                                               {"ssim", {}},
                                                               {"low_frequency", {{"block", std::int64_t{4}}}}};
  for (const auto& [name, parameters] : all) {
    SCOPED_TRACE(name);
    const auto loss = make<Loss>(name, parameters);
    const at::Tensor input = x.clone().requires_grad_(true);
    const at::Tensor values = ask(*loss, input, clean);
    const at::Tensor gradient = torch::autograd::grad({values.sum()}, {input}).front();
    expect_true_gradient([&](const at::Tensor& at) { return ask(*loss, at, clean).sum().item<double>(); }, x, gradient,
                         1e-3);
    for (std::int64_t r = 0; r < 2; ++r) {
      const at::Tensor alone = ask(*loss, x.narrow(0, r, 1), clean.narrow(0, r, 1));
      EXPECT_NEAR(values[r].item<double>(), alone.item<double>(), 1e-12);
    }
  }
}

/// As tests/golden/quality.py makes them.
at::Tensor changed(const at::Tensor& picture, const std::string& kind) {
  const auto index = [&](std::int64_t axis) {
    std::vector<std::int64_t> shape(4, 1);
    shape[static_cast<std::size_t>(axis)] = picture.size(axis);
    return at::arange(picture.size(axis), picture.options()).view(shape);
  };
  const at::Tensor c = index(1), y = index(2), x = index(3);
  at::Tensor value;
  if (kind == "pattern") value = picture + (7 * x + 13 * y + 5 * c).remainder(17) - 8;
  if (kind == "square") value = picture + 30 * ((x >= 10) & (x < 40) & (y >= 20) & (y < 50));
  if (kind == "negative") value = 255 - picture;
  if (kind == "corner") value = picture + 60 * ((x < 6) & (y < 6));
  return value.clamp(0, 255);
}

TEST(Ssim, IsThatOfScikitImage) {
  const std::filesystem::path golden = FACEOFF_GOLDEN_FOLDER;
  const nlohmann::json cases = nlohmann::json::parse(std::ifstream(golden / "quality.json")).at("cases");
  ASSERT_GT(cases.size(), 8U);
  for (const nlohmann::json& expected : cases) {
    SCOPED_TRACE(expected.dump());
    const Picture whole = read_picture(golden / "faces" / expected.at("file").get<std::string>());
    const auto size = [&](const char* key) { return expected.at(key).get<std::int64_t>(); };
    const double ssim = expected.at("ssim").get<double>();
    for (const auto& [type, tolerance] : {std::pair(at::kDouble, 1e-9), std::pair(at::kFloat, 1e-4)}) {
      const at::Tensor picture = to_tensor(whole, type).narrow(2, 0, size("height")).narrow(3, 0, size("width"));
      const std::string kind = expected.at("change").get<std::string>();
      EXPECT_NEAR(1 - by("ssim", changed(picture, kind), picture, {}), ssim, tolerance);
    }
  }
}

TEST(Ssim, OfAPictureSmallerThanItsWindowIsStillANumber) {
  const at::Tensor clean = noise({1, 3, 3, 30}, 0, 255, 1);
  const double ssim = 1 - by("ssim", clean + noise({1, 3, 3, 30}, -8, 8, 2), clean, {});
  EXPECT_GT(ssim, .5);
  EXPECT_LT(ssim, 1);
}

}  // namespace
}  // namespace faceoff
