// The experiments that hide faces from a detector, on the sample photos, judged by the files that they deliver.
#include <gtest/gtest.h>
#include <opencv2/core.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

/// The experiment's glob, or, where the set-up put the photos elsewhere, their places in full.
Args sample_args(const std::string& experiment, const fs::path& out) {
  Args args = {"run", "experiments/" + experiment + ".toml", "--out", out.string()};
  if (models_folder() != fs::path(FACEOFF_SOURCE_FOLDER) / "models")
    args.insert(args.end(), {"--set", "data.pictures=" + toml_list(samples())});
  return args;
}

/// What results.jsonl says, and what the delivered file says.
void expect_hidden(const Json& item, std::size_t sample, const fs::path& run, const Judges& judges) {
  const fs::path photo = samples()[sample];
  EXPECT_EQ(fs::path(item["picture"].get<std::string>()).filename(), photo.filename());
  EXPECT_EQ(item["status"], "protected");
  EXPECT_LE(item["linf"].get<int>(), 8);
  EXPECT_EQ(item["faces"].size(), faces_on_samples[sample]);
  for (const Json& face : item["faces"]) {
    EXPECT_GT(face["score"][0].get<double>(), .5);
    EXPECT_FALSE(face["score"][1].get<double>() > .5 && face["iou"].get<double>() >= .5) << face;
  }

  const cv::Mat original = read_pixels(photo);
  const cv::Mat delivered = read_pixels(run / item["output"].get<std::string>());
  ASSERT_EQ(delivered.size(), original.size());
  EXPECT_LE(largest_difference(original, delivered), 8);
  EXPECT_EQ(largest_difference(original, delivered), item["linf"].get<int>());
  const std::vector<faceoff::Face> before = judges.found(original), after = judges.found(delivered);
  EXPECT_EQ(before.size(), faces_on_samples[sample]);
  for (const faceoff::Face& face : before) {
    EXPECT_EQ(same_face(after, face.box), nullptr) << "a face at " << face.box.x0 << ", " << face.box.y0;
  }
}

void expect_all_hidden(const std::string& experiment) {
  const TemporaryFolder folder;
  const Outcome outcome = run_faceoff(sample_args(experiment, folder / "run"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, (folder / "run").string() + "\n");
  EXPECT_TRUE(contains(outcome.err, "found by ssd (attacked): 22 before, 0 after")) << outcome.err;
  const std::vector<Json> items = results(folder / "run");
  ASSERT_EQ(items.size(), samples().size());
  const Judges judges;
  for (std::size_t i = 0; i < items.size(); ++i) {
    SCOPED_TRACE(samples()[i].string());
    expect_hidden(items[i], i, folder / "run", judges);
  }
}

TEST(Hide, EveryFaceByTheScoreLoss) {
  expect_all_hidden("hide_from_detector");
}

TEST(Hide, EveryFaceByTheAreaLoss) {
  expect_all_hidden("hide_from_detector_area");
}

/// The part of the picture that a false face covers, on average over the false faces.
double mean_share_of_false_faces(const std::vector<Json>& items, const std::string& variant, const fs::path& run,
                                 const Judges& judges) {
  double share = 0;
  std::size_t count = 0;
  for (const Json& item : items) {
    if (item["variant"] != variant) continue;
    const std::vector<faceoff::Face> real = judges.found(read_pixels(item["picture"].get<std::string>()));
    const cv::Mat delivered = read_pixels(run / item["output"].get<std::string>());
    for (const faceoff::Face& face : judges.found(delivered)) {
      if (same_face(real, face.box) != nullptr) continue;
      share += face.box.area() / static_cast<double>(delivered.total());
      ++count;
    }
  }
  EXPECT_GT(count, 0U) << variant << ": neither loss leaves the detector without false faces";
  return share / static_cast<double>(std::max<std::size_t>(count, 1));
}

// attacks.md: without the area the real face is lost but the false boxes are small; with it they grow.
TEST(Hide, FalseFacesAreLargerWithTheArea) {
  const TemporaryFolder folder;
  const std::vector<fs::path> two = {samples()[0], samples()[1]};
  const Outcome outcome =
      run_faceoff({"run", "experiments/hide_from_detector.toml", "--out", (folder / "run").string(), "--set",
                   "data.pictures=" + toml_list(two), "--set", "sweep={\"loss.0.area\"=[false, true]}"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<Json> items = results(folder / "run");
  ASSERT_EQ(items.size(), 4U);
  const Judges judges;
  const double by_score = mean_share_of_false_faces(items, "area=false", folder / "run", judges);
  const double by_area = mean_share_of_false_faces(items, "area=true", folder / "run", judges);
  RecordProperty("share_by_score", std::to_string(by_score));
  RecordProperty("share_by_area", std::to_string(by_area));
  EXPECT_GT(by_area, 2 * by_score);
}

}  // namespace
}  // namespace system_test
