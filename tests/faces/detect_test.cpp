// What of a detector's answer counts as a face, and which answers are refused.
#include <ATen/ATen.h>

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "faces/faces.hpp"
#include "faces/matching.hpp"
#include "plugins/black_box.hpp"
#include "plugins/loaded_model.hpp"
#include "support.hpp"
#include "told.hpp"

namespace faceoff {
namespace {

TEST(Detect, DropsWhatOverlapsABetterBoxAndWhatScoresTooLittle) {
  const auto model = detector([](const at::Tensor&) {
    return std::vector<Candidate>{{{10, 10, 30, 30}, .7},
                                  {{12, 10, 32, 30}, .9},  // IoU .82 with the first, and better
                                  {{40, 10, 60, 30}, .6},
                                  {{50, 10, 70, 30}, .8},  // IoU .33 with the one before
                                  {{80, 10, 90, 30}, .5}};
  });
  const std::vector<Face> found = detect(model, at::zeros({1, 3, 50, 100}, at::kDouble), .5);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].score, .9);
  EXPECT_EQ(found[1].score, .8);
  EXPECT_EQ(found[2].score, .6);
  EXPECT_EQ(found[0].box.x0, 12);
}

TEST(Detect, ClipsToThePictureAndKeepsTheHundredBest) {
  const auto model = detector([](const at::Tensor&) {
    std::vector<Candidate> all = {{{-5, -6, 8, 9}, .99}};
    for (int i = 0; i < 150; ++i) all.push_back({{20. + 10 * i, 0, 25. + 10 * i, 60}, .9 - i * .001});
    return all;
  });
  const std::vector<Face> found = detect(model, at::zeros({1, 3, 50, 2000}, at::kDouble), .5);
  ASSERT_EQ(found.size(), 100U);
  EXPECT_EQ(found[0].box.x0, 0);
  EXPECT_EQ(found[0].box.y0, 0);
  EXPECT_EQ(found[0].box.x1, 8);
  EXPECT_EQ(found[1].box.y1, 50);
  EXPECT_NEAR(found[99].score, .9 - 98 * .001, 1e-12);
}

TEST(FindFaces, LooksAgainWithPaddingWhereThePlainPassFindsNobody) {
  int passes = 0;
  const auto model = detector([&](const at::Tensor& images) {
    ++passes;
    if (images.size(3) == 80) return std::vector<Candidate>{};
    EXPECT_EQ(images.sizes(), (std::vector<std::int64_t>{1, 3, 60 + 80, 80 + 80}));
    EXPECT_EQ(images.sum().item<double>(), 3 * 60 * 80);  // zeros all around
    return std::vector<Candidate>{{{90, 50, 110, 80}, .9},
                                  {{40 + 60, 40 + 10, 40 + 75, 40 + 30}, .6},  //
                                  {{0, 0, 38, 38}, .9},                        // in the padding
                                  {{20, 50, 50, 80}, .8}};                     // mostly so
  });
  const std::vector<Face> found = find_faces(model, nullptr, at::ones({1, 3, 60, 80}, at::kDouble), .5);
  EXPECT_EQ(passes, 2);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].box.x0, 50);  // left to right
  EXPECT_EQ(found[0].box.y0, 10);
  EXPECT_EQ(found[0].box.x1, 70);
  EXPECT_EQ(found[1].box.x0, 60);
  EXPECT_FALSE(found[0].landmarks.defined());
}

TEST(FindFaces, LooksOnceWhereThePlainPassFindsSomebody) {
  int passes = 0;
  const auto model = detector([&](const at::Tensor&) {
    ++passes;
    return std::vector<Candidate>{{{10, 10, 30, 30}, .9}};
  });
  EXPECT_EQ(find_faces(model, nullptr, at::ones({1, 3, 60, 80}, at::kDouble), .5).size(), 1U);
  EXPECT_EQ(passes, 1);
}

TEST(Forward, RefusesWhatTheInterfaceDoesNotPromise) {
  BlackBox::here().end_item();  // no attack of an earlier test is under way
  const auto refusal = [](Field provides, const Output& answer) {
    LoadedModel model;
    model.name = "mine";
    model.plugin = "theirs";
    model.provides = provides;
    model.model = std::make_unique<Told>(provides, ViewSpec{}, [&](const at::Tensor&) { return answer; });
    return error_of<PluginError>([&] { forward(model, at::zeros({1, 3, 8, 8})); });
  };
  const std::string who = "plugin theirs, model 'mine': ";
  const auto found = [&](const at::Tensor& scores, const at::Tensor& boxes) {
    Output output;
    output.scores = scores;
    output.boxes = boxes;
    return refusal(Field::scores | Field::boxes, output);
  };
  const at::Tensor boxes = at::zeros({1, 4, 4});
  EXPECT_EQ(found(at::full({1, 4}, 1.5), boxes), who + "its scores: not all in [0,1]");
  EXPECT_EQ(found(at::full({1, 4}, -.5), boxes), who + "its scores: not all in [0,1]");
  EXPECT_EQ(found(at::full({1, 4}, std::nan("")), boxes), who + "its scores: not all finite");
  EXPECT_EQ(found(at::zeros({1, 4}, at::kDouble), boxes),
            who + "its scores: of the type Double instead of the views' Float");
  EXPECT_EQ(found(at::zeros({2, 4}), boxes), who + "its scores: of the shape [2, 4] for 1 views");
  EXPECT_EQ(found(at::zeros({1, 4}), {}), who + "its boxes: missing, though it says that it provides them");
  EXPECT_EQ(found(at::zeros({1, 3}), boxes), who + "it gives 3 scores and 4 boxes");
  Output output;
  output.embedding = at::ones({1, 16});
  EXPECT_EQ(refusal(Field::embedding, output), who + "its embedding: not of unit length");
}

TEST(Iou, IsTheSharedPartOfBoth) {
  const Box box{0, 0, 10, 10};
  EXPECT_EQ(iou(box, box), 1);
  EXPECT_NEAR(iou(box, {5, 0, 15, 10}), 1. / 3, 1e-12);
  EXPECT_NEAR(iou(box, {2, 2, 8, 8}), .36, 1e-12);
  EXPECT_EQ(iou(box, {10, 0, 20, 10}), 0);
  EXPECT_EQ(iou(box, {11, 11, 20, 20}), 0);
  EXPECT_EQ(iou({3, 3, 3, 3}, {3, 3, 3, 3}), 0);
}

}  // namespace
}  // namespace faceoff
