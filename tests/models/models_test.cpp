// Parity with the publishers' own JavaScript: tests/golden/faces, which tests/golden/face_api.mjs makes.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstring>
#include <fstream>
#include <map>

#include "attack/assembly.hpp"
#include "base/files.hpp"
#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "faces/matching.hpp"
#include "faces/views.hpp"
#include "picture/picture.hpp"
#include "plugins/model_pool.hpp"
#include "plugins/plugin_config.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

namespace fs = std::filesystem;

const fs::path golden = fs::path(FACEOFF_GOLDEN_FOLDER) / "faces";

const nlohmann::json& face_api() {
  static const nlohmann::json all = nlohmann::json::parse(std::ifstream(golden / "face_api.json"));
  return all.at("pictures");
}

at::Tensor golden_floats(const std::string& name, at::IntArrayRef shape) {
  const std::vector<std::uint8_t> bytes = read_file(golden / name, 1 << 20);
  at::Tensor tensor = at::empty(shape, at::kFloat);
  if (bytes.size() != tensor.nbytes()) throw std::runtime_error(name + " has another size");
  std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

at::Tensor as_tensor(const nlohmann::json& rows) {
  std::vector<double> flat;
  for (const auto& row : rows) {
    for (const double value : row) flat.push_back(value);
  }
  return at::tensor(flat, at::kDouble).view({static_cast<std::int64_t>(rows.size()), -1});
}

Box box_of(const nlohmann::json& face) {
  const auto corners = face.at("box").get<std::array<double, 4>>();
  return {corners[0], corners[1], corners[2], corners[3]};
}

at::Tensor picture_of(const fs::path& file) {
  return to_tensor(read_picture(file), at::kFloat);
}

/// A sample photo; its pixels are those that the reference was given.
at::Tensor sample(const std::string& name) {
  const Picture picture = read_picture(fs::path("models/samples") / (name + ".jpg"));
  const std::size_t size = picture.rgb.total() * picture.rgb.elemSize();
  EXPECT_EQ(sha256({picture.rgb.data, size}), face_api().at(name).at("sha256").get<std::string>())
      << name << ".jpg is decoded otherwise, so that nothing below can be expected to agree";
  return to_tensor(picture, at::kFloat);
}

double farthest(const Box& a, const Box& b) {
  return std::max({std::abs(a.x0 - b.x0), std::abs(a.y0 - b.y0), std::abs(a.x1 - b.x1), std::abs(a.y1 - b.y1)});
}

const LoadedModel& loaded(const std::string& plugin, const Parameters& parameters = {}) {
  static ModelPool pool(tree_plugins(), tree_setup(), {});
  PluginConfig config;
  config.info = tree_plugins().find(Kind::model, plugin);
  for (const ParamInfo& param : config.info->params) {
    const auto given = std::ranges::find(parameters, param.name, &std::pair<std::string, ParamValue>::first);
    config.params.emplace_back(&param, given != parameters.end() ? given->second : param.initial);
  }
  return pool.get(plugin, config);
}

void expect_same_faces(const std::vector<Face>& found, const nlohmann::json& expected, const std::string& where) {
  ASSERT_EQ(found.size(), expected.size()) << where;
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_LT(farthest(found[i].box, box_of(expected[i])), .01) << where << ", face " << i;
    EXPECT_NEAR(found[i].score, expected[i].at("score").get<double>(), 1e-5) << where << ", face " << i;
  }
}

TEST(Models, TheSamplePhotosAreDecodedToThePixelsThatTheReferenceSaw) {
  ASSERT_EQ(face_api().size(), 6U);
  for (const auto& [name, expected] : face_api().items()) {
    const at::Tensor picture = sample(name);
    EXPECT_EQ(picture.size(2), expected.at("height").get<std::int64_t>());
    EXPECT_EQ(picture.size(3), expected.at("width").get<std::int64_t>());
  }
}

TEST(Models, SsdMobilenetFindsTheReferencesFacesAtBothThresholds) {
  const LoadedModel& ssd = loaded("ssd_mobilenet_v1");
  for (const auto& [name, expected] : face_api().items()) {
    const at::Tensor picture = sample(name);
    // Both lists are sorted by score.
    expect_same_faces(detect(ssd, picture, .5), expected.at("faces"), name + " at .5");
    expect_same_faces(detect(ssd, picture, .1), expected.at("above_a_tenth"), name + " at .1");
  }
}

TEST(Models, SsdMobilenetsRawBoxesAndScoresAreTheReferences) {
  const LoadedModel& ssd = loaded("ssd_mobilenet_v1");
  const at::Tensor picture = sample("sample1");
  const at::NoGradGuard no_grad;
  const Output output = forward(ssd, make_view(ssd.view, picture.size(2), picture.size(3))(picture));
  const at::Tensor expected = golden_floats("ssd_boxes_1.f32", {5118, 4});  // y0 x0 y1 x1, normalised
  const at::Tensor boxes = at::stack({output.boxes[0].select(1, 1), output.boxes[0].select(1, 0),
                                      output.boxes[0].select(1, 3), output.boxes[0].select(1, 2)},
                                     1) /
                           512;
  EXPECT_LT(largest_difference(boxes, expected), 1e-5);
  EXPECT_LT(largest_difference(output.scores[0], golden_floats("ssd_scores_1.f32", {5118})), 1e-5);
}

TEST(Models, FacesAreFoundFromLeftToRightWithTheReferencesLandmarks) {
  const LoadedModel& ssd = loaded("ssd_mobilenet_v1");
  const LoadedModel& landmarks = loaded("face_landmark_68");
  for (const auto& [name, expected] : face_api().items()) {
    auto sorted = expected.at("faces").get<std::vector<nlohmann::json>>();
    std::ranges::sort(sorted, {}, [](const nlohmann::json& face) { return box_of(face).x0; });
    const std::vector<Face> found = find_faces(ssd, &landmarks, sample(name), .5);
    expect_same_faces(found, sorted, name);
    if (found.size() != sorted.size()) continue;
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_LT(largest_difference(found[i].landmarks, as_tensor(sorted[i].at("landmarks"))), 1e-3)
          << name << ", face " << i;
    }
  }
}

TEST(Models, TheWholeChainFromPhotoToDescriptorAgreesWithTheReference) {
  const LoadedModel& ssd = loaded("ssd_mobilenet_v1");
  const LoadedModel& landmarks = loaded("face_landmark_68");
  const LoadedModel& recogniser = loaded("face_recognition");
  std::size_t faces = 0;
  for (const auto& [name, expected] : face_api().items()) {
    const at::Tensor picture = sample(name);
    for (const Face& face : find_faces(ssd, &landmarks, picture, .5)) {
      const auto same = std::ranges::find_if(
          expected.at("faces"), [&](const nlohmann::json& other) { return farthest(face.box, box_of(other)) < 1; });
      ASSERT_NE(same, expected.at("faces").end()) << name;
      at::Tensor descriptor = at::tensor(same->at("descriptor").get<std::vector<double>>(), at::kDouble);
      descriptor = descriptor / descriptor.norm();
      EXPECT_LT(largest_difference(embed(recogniser, picture, face), descriptor), 1e-4) << name;
      ++faces;
    }
  }
  EXPECT_EQ(faces, 22U);
}

TEST(Models, TheFivePointViewShowsWhatTheReferencesCropsShow) {
  // tests/golden/faces/arcNN_112.png: another aligner, which shrinks by areas before it turns the face.
  const std::vector<std::pair<std::string, std::size_t>> faces = {{"sample1", 0}, {"sample2", 0}, {"sample3", 0},
                                                                  {"sample4", 0}, {"sample4", 1}, {"sample5", 0}};
  for (std::size_t i = 0; i < faces.size(); ++i) {
    const auto& [name, index] = faces[i];
    const nlohmann::json& said = face_api().at(name).at("faces").at(index);
    const Face face{box_of(said), 1, as_tensor(said.at("landmarks"))};
    const at::Tensor picture = sample(name);
    const View view = make_view({112, 112, FivePoints{}}, picture.size(2), picture.size(3), &face);
    const at::Tensor expected = picture_of(golden / ("arc0" + std::to_string(i) + "_112.png"));
    EXPECT_LT((view(picture) - expected).abs().mean().item<double>(), 1.5) << name << ", face " << index;
    const LoadedModel& mobileface = loaded("mobileface");
    const at::NoGradGuard no_grad;
    const at::Tensor both = forward(mobileface, at::cat({view(picture), expected})).embedding;
    EXPECT_GT(both[0].dot(both[1]).item<double>(), .98) << name << ", face " << index;
  }
}

/// The largest difference over ten crops that are the model's whole view.
double largest_difference_on_crops(Model& model, std::int64_t side, const at::Tensor& raw) {
  const at::NoGradGuard no_grad;
  EXPECT_EQ(model.view().height, side);
  EXPECT_EQ(model.view().width, side);
  const at::Tensor expected = raw / raw.norm(2, 1, true);
  double largest = 0;
  for (std::int64_t i = 0; i < raw.size(0); ++i) {
    const std::string name = "crop0" + std::to_string(i) + "_" + std::to_string(side) + ".png";
    const Output output = model.forward(picture_of(golden / name));
    largest = std::max(largest, largest_difference(output.embedding[0], expected[i]));
  }
  return largest;
}

TEST(Models, FaceRecognitionsEmbeddingsAreTheReferences) {
  EXPECT_LT(largest_difference_on_crops(*make<Model>("face_recognition"), 150,
                                        golden_floats("face_recognition.f32", {10, 128})),
            1e-4);
}

TEST(Models, FaceresEmbeddingsAreTheReferences) {
  EXPECT_LT(largest_difference_on_crops(*make<Model>("torchscript"), 224, golden_floats("faceres.f32", {10, 1024})),
            1e-4);
}

TEST(Models, ABatchOfViewsGivesWhatTheViewsGiveAlone) {
  const at::NoGradGuard no_grad;
  for (const std::string name : {"face_recognition", "torchscript"}) {
    const auto model = make<Model>(name);
    const std::string side = std::to_string(model->view().height);
    const at::Tensor first = picture_of(golden / ("crop00_" + side + ".png"));
    const at::Tensor second = picture_of(golden / ("crop07_" + side + ".png"));
    const at::Tensor both = model->forward(at::cat({first, second})).embedding;
    EXPECT_LT(largest_difference(both[0], model->forward(first).embedding[0]), 1e-5) << name;
    EXPECT_LT(largest_difference(both[1], model->forward(second).embedding[0]), 1e-5) << name;
  }
}

}  // namespace
}  // namespace faceoff
