// Parity with face-api's own JavaScript: tests/golden/faces/tiny_face_detector*, which tests/golden/face_api.mjs makes.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstring>
#include <fstream>

#include "base/files.hpp"
#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "faces/matching.hpp"
#include "faces/views.hpp"
#include "models/detector_checks.hpp"
#include "picture/picture.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

namespace fs = std::filesystem;

const fs::path golden = fs::path(FACEOFF_GOLDEN_FOLDER) / "faces";

LoadedModel detector(std::int64_t size = 416, at::ScalarType dtype = at::kFloat) {
  LoadedModel loaded;
  loaded.name = loaded.plugin = "tiny_face_detector";
  loaded.model = make<Model>("tiny_face_detector", {{"size", size}}, dtype);
  loaded.view = loaded.model->view();
  loaded.provides = loaded.model->provides();
  return loaded;
}

const nlohmann::json& face_api() {
  static const nlohmann::json all = nlohmann::json::parse(std::ifstream(golden / "tiny_face_detector.json"));
  return all.at("pictures");
}

at::Tensor sample(const std::string& name) {
  return to_tensor(read_picture(fs::path("models/samples") / (name + ".jpg")), at::kFloat);
}

/// All boxes, in the picture's pixels, with their scores: [N,5].
at::Tensor candidates(const LoadedModel& model, const at::Tensor& picture) {
  const at::NoGradGuard no_grad;
  const View view = make_view(model.view, picture.size(2), picture.size(3));
  const Output output = forward(model, view(picture));
  const at::Tensor scale = at::stack({view.map[0][0][0], view.map[0][1][1]}).repeat({2});
  const at::Tensor boxes = output.boxes[0].to(at::kDouble) / scale;
  return at::cat({boxes, output.scores[0].to(at::kDouble).unsqueeze(1)}, 1);
}

/// What face-api keeps of them: the best first, none that overlaps a better one by more than .4.
std::vector<Face> kept(const at::Tensor& candidates, double minimum_score) {
  std::vector<Face> all, best;
  const auto row = candidates.accessor<double, 2>();
  for (std::int64_t i = 0; i < candidates.size(0); ++i) {
    if (row[i][4] > minimum_score) all.push_back({{row[i][0], row[i][1], row[i][2], row[i][3]}, row[i][4], {}});
  }
  std::ranges::stable_sort(all, std::greater<>{}, &Face::score);
  for (const Face& face : all) {
    if (std::ranges::none_of(best, [&](const Face& better) { return iou(face.box, better.box) > .4; }))
      best.push_back(face);
  }
  return best;
}

void expect_same_faces(const std::vector<Face>& found, const nlohmann::json& expected, const std::string& where) {
  ASSERT_EQ(found.size(), expected.size()) << where;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto corners = expected[i].at("box").get<std::array<double, 4>>();
    const Box& box = found[i].box;
    EXPECT_NEAR(box.x0, corners[0], .01) << where << ", face " << i;
    EXPECT_NEAR(box.y0, corners[1], .01) << where << ", face " << i;
    EXPECT_NEAR(box.x1, corners[2], .01) << where << ", face " << i;
    EXPECT_NEAR(box.y1, corners[3], .01) << where << ", face " << i;
    EXPECT_NEAR(found[i].score, expected[i].at("score").get<double>(), 1e-5) << where << ", face " << i;
  }
}

TEST(TinyFaceDetector, WeighsUpTheReferencesBoxes) {
  const std::vector<std::uint8_t> bytes = read_file(golden / "tiny_face_detector_1.f32", 1 << 20);
  at::Tensor expected = at::empty({13 * 13 * 5, 5}, at::kFloat);
  ASSERT_EQ(bytes.size(), expected.nbytes());
  std::memcpy(expected.data_ptr(), bytes.data(), bytes.size());
  const at::Tensor found = candidates(detector(), sample("sample1"));
  EXPECT_LT(largest_difference(found.narrow(1, 0, 4), expected.narrow(1, 0, 4)), .01);
  EXPECT_LT(largest_difference(found.select(1, 4), expected.select(1, 4)), 1e-5);
}

TEST(TinyFaceDetector, FindsTheReferencesFaces) {
  const LoadedModel usual = detector(), small = detector(224);
  std::size_t faces = 0;
  for (const auto& [name, expected] : face_api().items()) {
    const at::Tensor picture = sample(name), found = candidates(usual, picture);
    expect_same_faces(kept(found, .5), expected.at("faces"), name + " at .5");
    expect_same_faces(kept(found, .1), expected.at("above_a_tenth"), name + " at .1");
    expect_same_faces(kept(candidates(small, picture), .5), expected.at("at_size_224"), name + " at size 224");
    // The host drops what overlaps by more than .5, and that comes to the same at the publishers' threshold.
    expect_same_faces(detect(usual, picture, .5), expected.at("faces"), name + ", the host's choice");
    faces += expected.at("faces").size();
  }
  EXPECT_EQ(faces, 20U);
}

TEST(TinyFaceDetector, HasTheGradientThatCentralDifferencesGive) {
  expect_gradient_of_central_differences(detector(64, at::kDouble));
}

TEST(TinyFaceDetector, ABatchOfPicturesGivesWhatThePicturesGiveAlone) {
  expect_a_batch_as_alone(detector(224));
}

TEST(TinyFaceDetector, RefusesASizeThatItsStridesDoNotDivide) {
  EXPECT_EQ(error_of<ConfigError>([] { detector(400); }), "size = 400 is no multiple of 32");
}

}  // namespace
}  // namespace faceoff
