// Detectors that look once at a view of the whole picture, against their publishers' graphs: tests/golden/faces, which
// tests/golden/detectors.mjs and tests/golden/graphs.py make.
#include <faceoff/images.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>

#include "base/files.hpp"
#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "faces/views.hpp"
#include "models/detector_checks.hpp"
#include "picture/picture.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

namespace fs = std::filesystem;

const fs::path golden = fs::path(FACEOFF_GOLDEN_FOLDER) / "faces";

struct Detector {
  std::string plugin, weights;
  std::int64_t every, points;  // of whose rows one is in the raw figures; landmarks of a row there
  std::vector<std::pair<std::string, ParamValue>> small = {};  // parameters for a smaller view
};

void PrintTo(const Detector& detector, std::ostream* out) {
  *out << detector.weights;
}

at::Tensor sample(const std::string& name) {
  return to_tensor(read_picture(fs::path("models/samples") / (name + ".jpg")), at::kFloat);
}

class Detectors : public testing::TestWithParam<Detector> {
 protected:
  LoadedModel load(at::ScalarType dtype = at::kFloat, bool small = false) const {
    std::vector<std::pair<std::string, ParamValue>> params = small ? GetParam().small : decltype(params){};
    params.emplace_back("weights", "models/" + GetParam().weights + ".safetensors");
    LoadedModel loaded;
    loaded.name = loaded.plugin = GetParam().plugin;
    loaded.model = make<Model>(GetParam().plugin, params, dtype);
    loaded.view = loaded.model->view();
    loaded.provides = loaded.model->provides();
    return loaded;
  }
};

TEST_P(Detectors, WeighUpThePublishersBoxes) {
  const at::NoGradGuard no_grad;
  const std::int64_t columns = 5 + 2 * GetParam().points;
  const std::vector<std::uint8_t> bytes = read_file(golden / (GetParam().weights + "_1.f32"), 1 << 20);
  at::Tensor expected = at::empty({static_cast<std::int64_t>(bytes.size()) / (4 * columns), columns}, at::kFloat);
  ASSERT_EQ(bytes.size(), expected.nbytes());
  std::memcpy(expected.data_ptr(), bytes.data(), bytes.size());
  const LoadedModel model = load();
  const at::Tensor picture = sample("sample1");
  const Output found = forward(model, make_view(model.view, picture.size(2), picture.size(3))(picture));
  const auto some = [&](const at::Tensor& all) { return all[0].slice(0, 0, std::nullopt, GetParam().every); };
  ASSERT_EQ(some(found.scores).size(0), expected.size(0));
  EXPECT_LT(largest_difference(some(found.scores), expected.select(1, 4)), 2e-5);
  EXPECT_LT(largest_difference(some(found.boxes), expected.narrow(1, 0, 4)), 5e-3);
  EXPECT_EQ(found.landmarks.defined(), GetParam().points > 0);
  if (!found.landmarks.defined()) return;
  const at::Tensor points = expected.narrow(1, 5, 2 * GetParam().points).unflatten(1, {-1, 2});
  EXPECT_LT(largest_difference(some(found.landmarks).narrow(1, 0, 4), points.narrow(1, 0, 4)), 5e-3);
}

TEST_P(Detectors, FindThePublishersFaces) {
  const nlohmann::json all = nlohmann::json::parse(std::ifstream(golden / (GetParam().weights + ".json")));
  ASSERT_EQ(all.size(), 6U);
  const LoadedModel model = load();
  for (const auto& [name, expected] : all.items()) {
    const at::Tensor picture = sample(name);
    const std::array<double, 2> size = {static_cast<double>(picture.size(3)), static_cast<double>(picture.size(2))};
    const std::vector<Face> found = detect(model, picture, .5);
    ASSERT_EQ(found.size(), expected.size()) << name;
    for (std::size_t i = 0; i < found.size(); ++i) {  // both best first
      SCOPED_TRACE(name + ", face " + std::to_string(i));
      const auto box = expected[i].at("box").get<std::array<double, 4>>();
      const std::array<double, 4> mine = {found[i].box.x0, found[i].box.y0, found[i].box.x1, found[i].box.y1};
      for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR(mine[k], std::clamp(box[k], 0., size[k % 2]), .02);
      EXPECT_NEAR(found[i].score, expected[i].at("score").get<double>(), 2e-5);
      ASSERT_EQ(found[i].landmarks.defined(), GetParam().points > 0);
      if (!found[i].landmarks.defined()) continue;
      ASSERT_EQ(found[i].landmarks.sizes(), at::IntArrayRef({5, 2}));
      const auto points = expected[i].at("points").get<std::vector<std::array<double, 2>>>();
      for (const auto& [mark, given] :
           {std::pair(0, 0), std::pair(1, 1), std::pair(2, 2), std::pair(3, 3), std::pair(4, 3)}) {
        for (std::size_t k = 0; k < 2; ++k) {
          EXPECT_NEAR(found[i].landmarks[mark][static_cast<std::int64_t>(k)].item<double>(),
                      points.at(static_cast<std::size_t>(given)).at(k), .02)
              << "point " << mark;
        }
      }
    }
  }
}

TEST_P(Detectors, SeeNearlyTheSameWhileTheyAreAttackedInBfloat16) {
  const at::NoGradGuard no_grad;
  LoadedModel model = load();
  const at::Tensor picture = sample("sample1");
  const at::Tensor view = make_view(model.view, picture.size(2), picture.size(3))(picture);
  Random random(1, {0});
  const Output exact = forward(model, view, &random);
  model.precision = layers::Precision::bfloat16;
  const Output near = forward(model, view, &random);
  EXPECT_GT(largest_difference(near.scores, exact.scores), 0) << "nothing was computed in bfloat16";
  const at::Tensor sure = exact.scores[0] >= exact.scores.max() - .05;
  EXPECT_LT((near.scores[0] - exact.scores[0]).masked_select(sure).abs().max().item<double>(), .1);
  EXPECT_LT((near.boxes[0] - exact.boxes[0]).masked_select(sure.unsqueeze(1)).abs().max().item<double>(), 3)
      << "pixels of the view";
}

TEST_P(Detectors, HaveTheGradientThatCentralDifferencesGive) {
  expect_gradient_of_central_differences(load(at::kDouble, true));
}

TEST_P(Detectors, GiveABatchOfPicturesWhatThePicturesGetAlone) {
  expect_a_batch_as_alone(load(at::kFloat, true));
}

INSTANTIATE_TEST_SUITE_P(All, Detectors,
                         testing::Values(Detector{"rfb_320", "rfb_320", 1, 0},
                                         Detector{"blazeface", "blazeface_front", 1, 6},
                                         Detector{"blazeface", "blazeface_back", 1, 6},
                                         Detector{"faceboxes", "faceboxes", 7, 0, {{"size", std::int64_t{256}}}}),
                         [](const auto& detector) { return detector.param.weights; });

TEST(FaceBoxes, RefuseASizeThatItsStridesDoNotDivide) {
  EXPECT_EQ(error_of<ConfigError>([] {
              make<Model>("faceboxes", {{"size", std::int64_t{1000}}});
            }),
            "size = 1000 is no multiple of 128");
}

TEST(BlazeFace, AlignsAFaceByTheMiddleOfTheMouthInPlaceOfItsCorners) {
  // The template's own points but for the mouth: least squares puts them where they were.
  const at::Tensor points =
      at::tensor({38.2946, 51.6963, 73.5318, 51.5014, 56.0252, 71.7366, 56.1396, 92.2848, 56.1396, 92.2848},
                 at::kDouble)
          .view({5, 2});
  const at::Tensor turn = at::tensor({1.3, -.4, 60., .4, 1.3, 20.}, at::kDouble).view({1, 2, 3});
  const Face face{{}, .9, apply_map(turn, points.unsqueeze(0)).squeeze(0)};
  const View view = make_view({112, 112, FivePoints{}}, 400, 420, &face);
  const at::Tensor there = apply_map(view.map, face.landmarks.unsqueeze(0)).squeeze(0);
  EXPECT_LT(largest_difference(there, points), 1e-9);
}

}  // namespace
}  // namespace faceoff
