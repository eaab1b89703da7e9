// Faces where whole pictures have them: cut by the border, and over one another; from the run to its evaluation.
#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include <array>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

class WholePictures : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory_symlink(models_folder(), folder_ / "models");
    ASSERT_TRUE(cv::imwrite((folder_ / "other.png").string(), other_small_picture()));
    fs::create_directory(folder_ / "pictures");
  }

  void save(const std::string& name, const cv::Mat& pixels) const {
    ASSERT_TRUE(cv::imwrite((folder_ / "pictures" / name).string(), pixels));
  }

  /// Impersonates the one on other.png on all pictures, and evaluates; the results by the picture's stem.
  std::map<std::string, Json> protect(const Args& more = {}) const {
    Args args = {"run",   (fs::path(FACEOFF_SOURCE_FOLDER) / "experiments/impersonate_picture.toml").string(),
                 "--out", "run",
                 "--set", "data={pictures=\"pictures\", people=\"other.png\"}",
                 "--set", "attack.epsilon=12",
                 "--set", "optimizer.steps=8"};
    args.insert(args.end(), more.begin(), more.end());
    const Outcome ran = run_faceoff(args, folder_.path());
    EXPECT_EQ(ran.code, 0) << ran.err;
    const Outcome evaluated =
        run_faceoff({"evaluate", "run", "--after", "png", "--model", "ssd_mobilenet_v1"}, folder_.path());
    EXPECT_EQ(evaluated.code, 0) << evaluated.err;
    std::map<std::string, Json> by_stem;
    for (const Json& item : results(folder_ / "run"))
      by_stem[fs::path(item["picture"].get<std::string>()).stem().string()] = item;
    return by_stem;
  }

  /// The picture of an item as it was, and as it was delivered.
  std::array<cv::Mat, 2> pixels(const Json& item) const {
    return {read_pixels(folder_ / item["picture"].get<std::string>()),
            read_pixels(folder_ / "run" / item["output"].get<std::string>())};
  }

  Json evaluation(const Json& item) const {
    for (const std::string& line : lines_of(read_text(folder_ / "run/evaluation.jsonl"))) {
      Json one = Json::parse(line);
      if (one["item"] == item["item"]) return one;
    }
    throw std::runtime_error("no evaluation of " + item.dump());
  }

  TemporaryFolder folder_;
};

/// The face as delivered is nearer to its target than it was, for the model that was attacked.
void expect_nearer(const Json& face) {
  const Json& target = face["models"][0]["target"];
  ASSERT_TRUE(target.is_array() && target[1].is_number()) << face;
  EXPECT_GT(target[1].get<double>(), target[0].get<double>() + .2);
}

TEST_F(WholePictures, AFaceThatABorderCutsIsProtectedAndJudged) {
  const cv::Mat whole = small_picture();
  // Each cuts a part of the face away, which fills x 157 to 245 and y 120 to 240.
  save("left.png", whole(cv::Rect(168, 0, 192, 360)));
  save("right.png", whole(cv::Rect(0, 0, 236, 360)));
  save("top.png", whole(cv::Rect(0, 145, 360, 215)));
  save("bottom.png", whole(cv::Rect(0, 0, 360, 226)));
  const auto all = protect();
  ASSERT_EQ(all.size(), 4U);
  for (const auto& [name, item] : all) {
    SCOPED_TRACE(name);
    EXPECT_EQ(item["status"], "attacked");
    ASSERT_EQ(item["faces"].size(), 1U);
    const Json& face = item["faces"][0];
    const auto [before, after] = pixels(item);
    const double edge = name == "left"    ? face["box"][0].get<double>()
                        : name == "top"   ? face["box"][1].get<double>()
                        : name == "right" ? before.cols - face["box"][2].get<double>()
                                          : before.rows - face["box"][3].get<double>();
    EXPECT_LE(edge, 3) << face["box"];
    EXPECT_LE(largest_difference(before, after), 12);
    expect_nearer(face);
    const Json seen = evaluation(item)["faces"];
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0]["models"][0]["outcome"].get<std::string>().size(), 1U);
  }
}

TEST_F(WholePictures, FacesOverOneAnotherAreBothProtectedAndToldApart) {
  // The right one of two faces, moved over a part of the left one.
  const cv::Mat two = two_small_faces();
  const cv::Mat right = two(cv::Rect(272, 90, 178, 270));
  cv::Mat over = two(cv::Rect(0, 0, 295, 360)).clone();
  right(cv::Rect(0, 0, 178, 260)).copyTo(over(cv::Rect(117, 100, 178, 260)));
  save("over.png", over);
  const Json item = protect().at("over");
  ASSERT_EQ(item["faces"].size(), 2U);
  const Json &a = item["faces"][0]["box"], &b = item["faces"][1]["box"];
  EXPECT_LT(a[0], b[0]);
  EXPECT_GT(a[2], b[0]) << "they do not lie over one another";
  const auto [before, after] = pixels(item);
  EXPECT_LE(largest_difference(before, after), 12);
  for (const Json& face : item["faces"]) expect_nearer(face);
  const Json seen = evaluation(item);
  ASSERT_EQ(seen["faces"].size(), 2U);
  EXPECT_EQ(seen["detectors"][0]["seen"][0]["faces"].size(), 2U);
}

}  // namespace
}  // namespace system_test
