// What scripts/demo made of a photo with the presets that attack several models: who judges, and what was delivered.
// How well they do is benchmarks/attacks's to say.
#include <gtest/gtest.h>
#include <opencv2/core.hpp>

#include <algorithm>
#include <string>

#include "demo_run.hpp"
#include "system/pictures.hpp"
#include "system/program.hpp"

namespace system_test {
namespace {

/// The one item of a run, whose delivered file is within the budget and judged by a model that was not attacked.
void expect_judged_by(const std::string& experiment, const std::string& kind, const std::string& judge) {
  const fs::path run = demo_run(experiment);
  const std::vector<Json> items = results(run);
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0]["status"], "attacked");
  const cv::Mat delivered = read_pixels(run / items[0]["output"].get<std::string>());
  const int change = largest_difference(read_pixels(samples().front()), delivered);
  EXPECT_GT(change, 0);
  EXPECT_LE(change, 8);
  ASSERT_EQ(items[0]["faces"].size(), faces_on_samples[0]);
  for (const Json& face : items[0]["faces"]) {
    const Json& said = face[kind];
    const auto found = std::ranges::find_if(said, [&](const Json& one) { return one["name"] == judge; });
    ASSERT_NE(found, said.end());
    EXPECT_EQ((*found)["role"], "held_out");
    EXPECT_TRUE(std::ranges::any_of(said, [](const Json& one) { return one["role"] == "surrogate"; }));
  }
}

TEST(Protect, FromRecognisersIsJudgedByOneThatWasNotAttacked) {
  expect_judged_by("strong_protection", "models", "face_recognition");
}

TEST(Protect, FromDetectorsIsJudgedByOneThatWasNotAttacked) {
  expect_judged_by("hide_from_detectors", "detectors", "haar_cascade");
}

}  // namespace
}  // namespace system_test
