// Which box is which face, and what a detector's answers become.
#include "faces/faces.hpp"

#include <cmath>
#include <tuple>

#include "faces/matching.hpp"
#include "faces/views.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

TEST(Matching, TakesTheBoxThatOverlapsMost) {
  const std::vector<Face> found = {{{0, 0, 10, 10}, .9, {}}, {{2, 0, 12, 10}, .6, {}}};
  ASSERT_NE(nearest(found, {3, 0, 13, 10}), nullptr);
  EXPECT_EQ(nearest(found, {3, 0, 13, 10})->score, .6);
  EXPECT_EQ(nearest(found, {20, 0, 30, 10}), nullptr) << "none overlaps it";
  EXPECT_EQ(nearest({}, {0, 0, 1, 1}), nullptr);
}

TEST(Matching, HoldsAFaceForFoundByScoreAndOverlap) {
  EXPECT_TRUE(still_found(.6, same_face, .5));
  EXPECT_FALSE(still_found(.5, 1, .5)) << "the score has to be above";
  EXPECT_FALSE(still_found(1, same_face - .01, .5));
}

TEST(Boxes, OverlapByIntersectionOverUnion) {
  EXPECT_DOUBLE_EQ(iou({0, 0, 2, 2}, {1, 0, 3, 2}), 1. / 3);
  EXPECT_EQ(iou({0, 0, 1, 1}, {1, 0, 2, 1}), 0);
  EXPECT_EQ(iou({0, 0, 0, 0}, {0, 0, 0, 0}), 0) << "of nothing";
}

/// A detector whose answer is given: it sees the picture stretched to its view.
LoadedModel detector_of(std::int64_t side) {
  LoadedModel detector;
  detector.name = "given";
  detector.view = {side, side, WholePicture{}};
  detector.provides = Field::scores | Field::boxes | Field::landmarks;
  return detector;
}

TEST(Detections, CarryTheirLandmarksThroughTheViewsMap) {
  Output answer;
  answer.scores = at::tensor({.4F, .9F, .8F, .95F}).unsqueeze(0);
  answer.boxes =
      at::tensor({0.F, 0.F, 9.F, 9.F, 10.F, 10.F, 30.F, 30.F, 11.F, 10.F, 30.F, 30.F, 40.F, 40.F, 60.F, 60.F})
          .view({1, 4, 4});
  answer.landmarks = at::arange(4 * 5 * 2, at::kFloat).view({1, 4, 5, 2});
  const LoadedModel detector = detector_of(100);
  const at::Tensor map = at::tensor({.5, 0., 3., 0., .25, 1.}, at::kDouble).view({1, 2, 3});
  const std::vector<Face> found = detected(detector, answer, map, at::zeros({1, 3, 400, 200}), .5);
  ASSERT_EQ(found.size(), 2U) << "one is not sure, and two are of one face";
  EXPECT_NEAR(found[0].score, .95, 1e-6);
  EXPECT_NEAR(found[1].score, .9, 1e-6);
  for (const auto& [face, row] : {std::pair(found[0], 3), std::pair(found[1], 1)}) {
    const at::Tensor expected = (answer.landmarks[0][row].to(at::kDouble) - at::tensor({3., 1.}, at::kDouble)) /
                                at::tensor({.5, .25}, at::kDouble);
    EXPECT_LT(largest_difference(face.landmarks, expected), 1e-12);
  }
  answer.landmarks = at::Tensor();
  EXPECT_FALSE(detected(detector, answer, map, at::zeros({1, 3, 400, 200}), .5)[0].landmarks.defined());
}

TEST(Detections, AreClippedToThePictureThatTheViewShows) {
  Output answer;
  answer.scores = at::tensor({.9F}).unsqueeze(0);
  answer.boxes = at::tensor({-10.F, 10.F, 50.F, 110.F}).view({1, 1, 4});
  LoadedModel detector = detector_of(100);
  const auto box = [&](const Crop& crop) {
    detector.view.crop = crop;
    const View view = make_view(detector.view, 200, 400);
    return detected(detector, answer, view.map, at::zeros({1, 3, 200, 400}), .5).at(0).box;
  };
  const Box letterboxed = box(LetterboxedPicture{}), stretched = box(StretchedPicture{});  // 50 rows, 25 from above
  EXPECT_EQ(std::tuple(letterboxed.x0, letterboxed.y0, letterboxed.x1, letterboxed.y1), std::tuple(0., 0., 200., 200.));
  EXPECT_EQ(std::tuple(stretched.x0, stretched.y0, stretched.x1, stretched.y1), std::tuple(0., 20., 200., 200.));
  EXPECT_EQ(box(WholePicture{}).y1, 400) << "face-api's boxes reach into the square's padding";
}

LoadedModel embedder_of(const Crop& crop) {
  LoadedModel model;
  model.name = "embedder";
  model.view = {112, 112, crop};
  model.provides = Field::embedding;
  return model;
}

TEST(Alignment, NeedsALandmarkModelWhereTheDetectorGivesTooFewPoints) {
  LoadedModel plain = detector_of(100), marks;
  plain.provides = Field::scores | Field::boxes;
  marks.provides = Field::landmarks;
  const LoadedModel five = detector_of(100);
  EXPECT_EQ(why_not_aligned(embedder_of(BoxCrop{}), plain, nullptr), "");
  EXPECT_EQ(why_not_aligned(embedder_of(FivePoints{}), plain, &marks), "");
  EXPECT_EQ(why_not_aligned(embedder_of(DlibRect{}), five, &marks), "");
  EXPECT_EQ(why_not_aligned(embedder_of(FivePoints{}), five, nullptr), "");
  expect_in(why_not_aligned(embedder_of(FivePoints{}), plain, nullptr), "name a landmark model");
  expect_in(why_not_aligned(embedder_of(DlibRect{}), five, nullptr), "68 landmarks, and 'given' gives fewer");
  EXPECT_TRUE(is_landmark_model(marks));
  EXPECT_FALSE(is_landmark_model(five)) << "it marks the faces that it finds, not one that it is shown";
}

TEST(Alignment, SaysWhichLandmarksItHasToHave) {
  const at::Tensor five = at::tensor({30., 30., 60., 30., 45., 45., 35., 60., 55., 60.}, at::kDouble).view({5, 2});
  const Face face{{20, 20, 70, 70}, 1, five}, bare{{20, 20, 70, 70}, 1, {}};
  EXPECT_EQ(make_view({112, 112, FivePoints{}}, 100, 100, &face).map.size(0), 1);
  expect_in(error_of<Error>([&] { make_view({112, 112, DlibRect{}}, 100, 100, &face); }), "68 landmarks, and has 5");
  EXPECT_THROW(make_view({112, 112, DlibRect{}}, 100, 100, &bare), Unviewable);
  EXPECT_FALSE(viewable({112, 112, FivePoints{}}, 100, 100, bare));
}

}  // namespace
}  // namespace faceoff
