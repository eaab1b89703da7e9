// What is optimised of a picture of which only the faces may change, against the whole picture.
#include <ATen/ATen.h>

#include "attack/attack.hpp"
#include "scene.hpp"

namespace faceoff {
namespace {

const std::string masked = "mask = \"faces\"\n";

/// sample1 at a quarter of its size, its second face alone to be attacked.
AttackInput input_of(const Built& built) {
  AttackInput input = inputs_of(built, true).back();
  const at::Tensor photo = to_tensor(read_picture("models/samples/sample1.jpg"), at::kFloat);
  input.clean = at::avg_pool2d(photo, {4, 4}, {4, 4}).round();
  const double left = 838. / 4, top = 421. / 4;
  input.faces = {{{left, top, left + 45, top + 58}, .9, {}}};
  return input;
}

/// The picture as a subject without regard to what may change of it.
Subjects whole(const AttackInput& input, const Subjects& part) {
  const std::int64_t height = input.clean.size(2), width = input.clean.size(3);
  const Subject& row = part.rows.front();
  Subjects subjects;
  subjects.pixels = input.clean;
  subjects.mask = at::zeros({1, 1, height, width});
  subjects.mask.narrow(2, row.top, row.height).narrow(3, row.left, row.width).copy_(part.mask);
  subjects.map = at::eye(2, 3, at::kDouble).unsqueeze(0);
  subjects.rows = {{0, {0}, row.key, height, width, false}};
  return subjects;
}

struct Compared {
  Subjects part;
  Evaluation of_part, of_whole;
  at::Tensor delivered_part, delivered_whole;
};

Compared compared(const std::string& attack, const std::string& rest) {
  const Built built(experiment(attack, rest));
  const std::vector<AttackInput> inputs = {input_of(built)};
  Compared both{make_subjects(built.assembly, inputs), {}, {}, {}, {}};
  const Subject& row = both.part.rows.front();
  const Subjects all = whole(inputs.front(), both.part);
  const at::Tensor x = (all.pixels + all.mask * noise(all.pixels.sizes(), -8, 8, 5, at::kFloat)).clamp(0, 255);
  const at::Tensor of_part = x.narrow(2, row.top, row.height).narrow(3, row.left, row.width).contiguous();
  both.of_part = ChainObjective(built.assembly, both.part, inputs).value_and_grad(of_part);
  both.of_whole = ChainObjective(built.assembly, all, inputs).value_and_grad(x);
  both.of_whole.gradient = both.of_whole.gradient.narrow(2, row.top, row.height).narrow(3, row.left, row.width);
  both.delivered_part = paste(both.part, of_part, inputs, 0, 8, Norm::inf);
  both.delivered_whole = paste(all, x, inputs, 0, 8, Norm::inf);
  return both;
}

void expect_the_same(const Compared& both, double tolerance) {
  const double value = both.of_whole.value.item<double>();
  EXPECT_NEAR(both.of_part.value.item<double>(), value, tolerance * std::abs(value));
  const double largest = both.of_whole.gradient.abs().max().item<double>();
  EXPECT_GT(largest, 0);
  EXPECT_LT(largest_difference(both.of_part.gradient, both.of_whole.gradient), tolerance * largest);
  EXPECT_TRUE(at::equal(both.delivered_part, both.delivered_whole));
}

TEST(Part, HasAllThatAnEmbedderLooksAt) {
  const Compared both = compared(toward + masked + "mask_size = 0.5\n", similarity);
  EXPECT_FALSE(both.part.pasted);
  EXPECT_LT(both.part.pixels.numel(), 3 * 150 * 150);
  expect_the_same(both, 1e-6);
}

TEST(Part, IsShownOnItsPictureToADetector) {
  const Compared both = compared(masked, detection);
  EXPECT_TRUE(both.part.pasted);
  EXPECT_LT(both.part.pixels.numel(), 3 * 100 * 100);
  expect_the_same(both, 1e-5);
}

TEST(Part, IsShownOnItsPictureToLossesOnPixels) {
  const Compared both =
      compared(toward + masked, similarity + "[[loss]]\nplugin = \"total_variation\"\nweight = 0.5\n");
  EXPECT_TRUE(both.part.pasted);
  expect_the_same(both, 1e-5);
}

TEST(Part, LetsModelsCountBesideLossesOnPixelsAsThePictureDoes) {
  expect_the_same(compared(masked + "balance = \"gradient\"\n",
                           detection + "[[loss]]\nplugin = \"total_variation\"\nweight = 0.5\n"),
                  1e-4);
}

TEST(Part, IsCompressedAsThePictureIs) {
  const Compared both =
      compared(toward + masked, similarity + "[[augment]]\nplugin = \"jpeg\"\nat = \"picture\"\nlow = 75\nhigh = 75\n");
  EXPECT_FALSE(both.part.pasted);
  expect_the_same(both, 1e-4);
}

TEST(Part, HasRoomForWhatAnAugmentationAtThePictureMovesIntoSight) {
  const Built still(experiment(toward + masked, similarity));
  const Built turned(experiment(toward + masked, similarity + "[[augment]]\nplugin = \"affine\"\nat = \"picture\"\n"));
  const std::vector<AttackInput> inputs = {input_of(still)};
  const Subject part = make_subjects(still.assembly, inputs).rows.front(),
                larger = make_subjects(turned.assembly, inputs).rows.front();
  EXPECT_LE(larger.top, part.top);
  EXPECT_LE(larger.left, part.left);
  EXPECT_GE(larger.top + larger.height, part.top + part.height);
  EXPECT_GE(larger.left + larger.width, part.left + part.width);
  EXPECT_GT(larger.height * larger.width, part.height * part.width);
}

}  // namespace
}  // namespace faceoff
