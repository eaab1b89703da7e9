// What a model's answer has to look like.
#include "plugins/call_plugin.hpp"
#include "plugins/check_answer.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

const at::Tensor& views() {
  static const at::Tensor images = at::zeros({2, 3, 8, 8});
  return images;
}

std::string fault_of(Field provides, const Output& output) {
  return error_of<PluginError>([&] { check_output("it", provides, output, views()); });
}

Output detections(at::IntArrayRef landmarks) {
  Output output;
  output.scores = at::zeros({2, 3});
  output.boxes = at::zeros({2, 3, 4});
  output.landmarks = at::zeros(landmarks);
  return output;
}

TEST(Answers, OfADetectorMayHaveLandmarksForEachBox) {
  constexpr Field all = Field::scores | Field::boxes | Field::landmarks;
  EXPECT_NO_THROW(check_output("it", all, detections({2, 3, 5, 2}), views()));
  EXPECT_NO_THROW(check_output("it", Field::scores | Field::boxes, detections({7}), views())) << "it does not say so";
  expect_in(fault_of(all, detections({2, 5, 2})), "its landmarks");
  expect_in(fault_of(all, detections({2, 3, 0, 2})), "no point a face");
  expect_in(fault_of(all, detections({2, 4, 5, 2})), "3 scores and the landmarks of 4 faces");
  expect_in(fault_of(all, detections({2, 3, 5, 3})), "its landmarks");
  EXPECT_NO_THROW(check_output("it", Field::landmarks, {{}, {}, at::zeros({2, 68, 2}), {}, {}}, views()));
  expect_in(fault_of(Field::landmarks, {{}, {}, at::zeros({2, 3, 5, 2}), {}, {}}), "its landmarks");
}

TEST(Answers, MayBeOfNothingWhereAugmentationsLeftNothing) {
  Output output;
  output.embedding = at::tensor({1.F, 0.F, 0.F, 0.F}).view({2, 2});
  expect_in(fault_of(Field::embedding, output), "not of unit length");
  EXPECT_NO_THROW(check_output("it", Field::embedding, output, views(), Seeing::attacked));
  output.embedding[1][0] = .5;
  EXPECT_THROW(check_output("it", Field::embedding, output, views(), Seeing::attacked), PluginError);
}

}  // namespace
}  // namespace faceoff
