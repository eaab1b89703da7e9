// Photos and their faces, by models that are made up here.
#include "faces/portrait.hpp"

#include <opencv2/core.hpp>

#include "base/files.hpp"
#include "faces/faces.hpp"
#include "picture/picture.hpp"
#include "plugins/plugin_files.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

/// Finds one face about what is bright, with five points in it; nothing on a picture that is smaller than its `least`.
class BrightSpot : public Model {
 public:
  explicit BrightSpot(std::int64_t least = 0) : least_(least) {}
  Field provides() const override { return Field::scores | Field::boxes | Field::landmarks; }
  ViewSpec view() const override { return {0, 0, WholePicture{}}; }
  Output forward(const at::Tensor& images) override {
    const at::Tensor bright = (images[0].mean(0) > 128).nonzero().to(at::kFloat);  // y x
    const at::Tensor low = std::get<0>(bright.min(0)).flip(0), high = std::get<0>(bright.max(0)).flip(0) + 1;
    const at::Tensor shares = at::tensor({.3F, .3F, .7F, .3F, .5F, .5F, .35F, .8F, .65F, .8F}).view({5, 2});
    const float score = images.size(3) < least_ ? 0 : .9F;
    return {at::full({1, 1}, score),
            at::cat({low, high}).view({1, 1, 4}),
            (low + shares * (high - low)).view({1, 1, 5, 2}),
            {},
            {}};
  }

 private:
  std::int64_t least_;
};

/// Any face's embedding is the same; how often it is asked is counted.
class Counting : public Model {
 public:
  Field provides() const override { return Field::embedding; }
  ViewSpec view() const override { return {112, 112, FivePoints{}}; }
  Output forward(const at::Tensor& images) override {
    ++asked;
    return {{}, {}, {}, at::eye(4).narrow(0, 0, 1).expand({images.size(0), 4}), {}};
  }
  int asked = 0;
};

LoadedModel loaded(std::unique_ptr<Model> model, const std::string& name) {
  LoadedModel made;
  made.name = made.plugin = made.identity = name;
  made.view = model->view();
  made.provides = model->provides();
  made.model = std::move(model);
  return made;
}

/// Black, with a bright square at x, y.
at::Tensor spot(std::int64_t x, std::int64_t y) {
  at::Tensor picture = at::zeros({1, 3, 60, 80});
  picture.narrow(2, y, 20).narrow(3, x, 20).fill_(255);
  return picture;
}

TEST(Portrait, IsAlignedByTheDetectorsOwnLandmarks) {
  const LoadedModel detector = loaded(std::make_unique<BrightSpot>(), "spot");
  const std::vector<Face> faces = find_faces(detector, nullptr, spot(30, 10), .5);
  ASSERT_EQ(faces.size(), 1U);
  EXPECT_LT(largest_difference(faces[0].landmarks[0], at::tensor({36., 16.}, at::kDouble)), 1e-4);
}

TEST(Portrait, OfThePaddedPassHasItsLandmarksInThePicture) {
  const LoadedModel detector = loaded(std::make_unique<BrightSpot>(100), "spot");
  const std::vector<Face> faces = find_faces(detector, nullptr, spot(30, 10), .5);
  ASSERT_EQ(faces.size(), 1U);
  EXPECT_NEAR(faces[0].box.x0, 30, 1e-4);
  EXPECT_LT(largest_difference(faces[0].landmarks[0], at::tensor({36., 16.}, at::kDouble)), 1e-4);
}

TEST(Portrait, IsKeptByWhatIsInTheFile) {
  const TemporaryFolder folder;
  const LoadedModel detector = loaded(std::make_unique<BrightSpot>(), "spot");
  LoadedModel embedder = loaded(std::make_unique<Counting>(), "counting");
  const int& asked = dynamic_cast<const Counting&>(*embedder.model).asked;
  Portraying by;
  by.detector = &detector;
  by.models = {&embedder};
  by.cache = folder / "cache";
  Picture picture;
  picture.rgb = cv::Mat::zeros(60, 80, CV_8UC3);
  picture.rgb(cv::Rect(30, 10, 20, 20)).setTo(cv::Scalar(255, 255, 255));
  const std::filesystem::path photo = folder / "photo.png";
  write_picture(photo, picture);

  const Portrait first = portray(by, photo);
  EXPECT_EQ(first.sha256, sha256_file(photo));
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(portray(by, photo).faces.size(), 1U);
  EXPECT_EQ(asked, 1) << "the cache knows it";

  std::filesystem::remove(photo);
  const Portrait again = portray(by, photo, first.sha256);
  EXPECT_EQ(again.best().box.x0, first.best().box.x0);
  EXPECT_THROW(portray(by, photo), FileError);

  // What is damaged of the cache is made anew.
  write_picture(photo, picture);
  std::filesystem::path kept;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(by.cache)) {
    if (entry.is_regular_file()) kept = entry.path();
  }
  const std::string whole = read_bytes(kept);
  for (const std::string& bytes : {std::string(), whole.substr(0, whole.size() - 1), whole.substr(0, 40),
                                   std::string(whole.size(), '\xFF'), whole + "x"}) {
    write_bytes(kept, bytes);
    EXPECT_EQ(portray(by, photo, first.sha256).best().box.x0, first.best().box.x0);
    EXPECT_EQ(read_bytes(kept), whole);
  }

  // Another picture under that name since it was hashed: what is embedded is told by its own hash.
  picture.rgb(cv::Rect(0, 40, 10, 10)).setTo(cv::Scalar(255, 255, 255));
  write_picture(photo, picture);
  const Portrait changed = portray(by, photo, std::string(64, '0'));
  EXPECT_EQ(changed.sha256, sha256_file(photo));
  EXPECT_NE(changed.sha256, first.sha256);
}

}  // namespace
}  // namespace faceoff
