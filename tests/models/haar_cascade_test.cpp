// The Haar cascade against OpenCV from Python: tests/golden/faces/haar_cascade.json, which tests/golden/haar_cascade.py
// makes.
#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <vector>

#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "picture/picture.hpp"
#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

namespace fs = std::filesystem;

at::Tensor photo(const std::string& name) {
  return to_tensor(read_picture(fs::path("models/samples") / (name + ".jpg")), at::kFloat);
}

/// A face and what is about it, which takes less time than the whole photo.
at::Tensor one_face() {
  return photo("sample1").narrow(2, 300, 400).narrow(3, 300, 400).contiguous();
}

TEST(HaarCascade, FindsWhatOpenCvFindsFromPython) {
  const auto all = nlohmann::json::parse(std::ifstream(fs::path(FACEOFF_GOLDEN_FOLDER) / "faces/haar_cascade.json"));
  ASSERT_EQ(all.size(), 6U);
  const auto model = make<Model>("haar_cascade");
  for (const auto& [name, expected] : all.items()) {
    const Output found = model->forward(photo(name));
    ASSERT_EQ(found.scores.size(1), static_cast<std::int64_t>(expected.size())) << name;
    for (std::size_t i = 0; i < expected.size(); ++i) {  // both the surest first
      SCOPED_TRACE(name + ", face " + std::to_string(i));
      const auto row = static_cast<std::int64_t>(i);
      const auto windows = expected[i].at(0).get<double>();
      EXPECT_NEAR(found.scores[0][row].item<double>(), windows / (windows + 3), 1e-6);
      for (std::int64_t k = 0; k < 4; ++k)
        EXPECT_EQ(found.boxes[0][row][k].item<double>(), expected[i].at(static_cast<std::size_t>(k) + 1).get<double>());
    }
  }
}

TEST(HaarCascade, IsAJudgeWithoutAGradient) {
  const auto model = make<Model>("haar_cascade");
  EXPECT_FALSE(model->differentiable());
  EXPECT_EQ(model->provides(), Field::scores | Field::boxes);
  LoadedModel loaded;
  loaded.name = loaded.plugin = "haar_cascade";
  loaded.view = model->view();
  loaded.provides = model->provides();
  loaded.model = make<Model>("haar_cascade");
  EXPECT_EQ(detect(loaded, one_face(), .5).size(), 1U) << "all that it finds is above a half";
}

TEST(HaarCascade, TreatsEachPictureAlone) {
  const auto model = make<Model>("haar_cascade");
  const at::Tensor one = one_face(), empty = at::full_like(one, 90);
  const Output both = model->forward(at::cat({one, empty})), alone = model->forward(one);
  EXPECT_TRUE(same_bits(both.boxes[0], alone.boxes[0]));
  EXPECT_TRUE(same_bits(both.scores[0], alone.scores[0]));
  EXPECT_EQ(both.scores[1].max().item<double>(), 0) << "what pads is no face";
  EXPECT_EQ(model->forward(empty).scores.max().item<double>(), 0);
}

TEST(HaarCascade, RefusesAFileThatIsNoCascade) {
  const TemporaryFolder folder;
  for (const char* text : {"", "no cascade", "<?xml version=\"1.0\"?>\n<opencv_storage><a>1</a></opencv_storage>\n"}) {
    const std::string file = write_bytes(folder / "cascade.xml", text).string();
    EXPECT_EQ(error_of<FileError>([&] {
                make<Model>("haar_cascade", {{"weights", file}});
              }),
              file + ": not a whole cascade of OpenCV's");
  }
}

TEST(HaarCascade, RefusesTreesAboutWhatIsNotThere) {
  std::ifstream whole("models/haarcascade_frontalface_default.xml");
  const std::string text{std::istreambuf_iterator<char>(whole), {}};
  const TemporaryFolder folder;
  const std::string node = "0 -1 0 ";  // two leaves, the first feature
  for (const std::string broken : {"0 -1 99999999 ", "0 -1 -1 ", "0 -9 0 ", "7 -1 0 "}) {
    std::string damaged = text;
    ASSERT_NE(damaged.find(node), std::string::npos);
    const std::string file =
        write_bytes(folder / "cascade.xml", damaged.replace(damaged.find(node), node.size(), broken)).string();
    EXPECT_EQ(error_of<FileError>([&] {
                make<Model>("haar_cascade", {{"weights", file}});
              }),
              file + ": not a whole cascade of OpenCV's")
        << broken;
  }
}

}  // namespace
}  // namespace faceoff
