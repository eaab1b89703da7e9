// What scripts/demo made of the sample photos to hide faces from a detector, judged by the delivered files.
#include <gtest/gtest.h>
#include <opencv2/core.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "demo_run.hpp"
#include "faces/matching.hpp"
#include "system/pictures.hpp"
#include "system/program.hpp"

namespace system_test {
namespace {

/// What results.jsonl says, and what the delivered file says.
void expect_hidden(const Json& item, std::size_t sample, const fs::path& run, const Judges& judges) {
  const fs::path photo = samples()[sample];
  EXPECT_EQ(fs::path(item["picture"].get<std::string>()).filename(), photo.filename());
  EXPECT_EQ(item["status"], "attacked");
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
  const fs::path run = demo_run(experiment);
  const std::vector<Json> items = results(run);
  ASSERT_EQ(items.size(), demo_photos);
  const Judges judges;
  for (std::size_t i = 0; i < items.size(); ++i) {
    SCOPED_TRACE(samples()[i].string());
    expect_hidden(items[i], i, run, judges);
  }
}

TEST(Hide, EveryFaceByTheScoreLoss) {
  expect_all_hidden("hide_from_detector");
}

TEST(Hide, EveryFaceByTheAreaLoss) {
  expect_all_hidden("hide_from_detector_area");
}

/// The part of the picture that a false face covers, on average over the false faces.
double mean_share_of_false_faces(const fs::path& run, const Judges& judges) {
  double share = 0;
  std::size_t count = 0;
  for (const Json& item : results(run)) {
    const cv::Mat delivered = read_pixels(run / item["output"].get<std::string>());
    for (const faceoff::Face& face : judges.found(delivered)) {
      share += face.box.area() / static_cast<double>(delivered.total());
      ++count;
    }
  }
  EXPECT_GT(count, 0U) << "neither loss leaves the detector without false faces";
  return share / static_cast<double>(std::max<std::size_t>(count, 1));
}

// Without the area the real face is lost but the false boxes are small; with it they grow. No true face is found in
// either, so that all that are found are false.
TEST(Hide, FalseFacesAreLargerWithTheArea) {
  const Judges judges;
  const double by_score = mean_share_of_false_faces(demo_run("hide_from_detector"), judges);
  const double by_area = mean_share_of_false_faces(demo_run("hide_from_detector_area"), judges);
  RecordProperty("share_by_score", std::to_string(by_score));
  RecordProperty("share_by_area", std::to_string(by_area));
  EXPECT_GT(by_area, 2 * by_score);
}

}  // namespace
}  // namespace system_test
