// The detection loss against loops written from its definition.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "support.hpp"

namespace faceoff {
namespace {

struct Boxes {
  at::Tensor scores, boxes, faces, extent;
};

/// Two pictures of 100 × 80 and of 60 × 40 that lie shifted in their views, with boxes of every kind.
Boxes boxes() {
  const at::Tensor middle = noise({2, 40, 2}, -20, 120, 1), size = noise({2, 40, 2}, 1, 90, 2);
  at::Tensor all = at::cat({middle - size / 2, middle + size / 2}, 2);
  all[0][0] = at::tensor({20., 20., 40., 60.}, at::kDouble);      // the first true face itself
  all[0][1] = at::tensor({-50., -50., -10., -10.}, at::kDouble);  // outside of the picture
  all[0][2] = at::tensor({-500., -500., 500., 500.}, at::kDouble);
  all[1][0] = at::tensor({30., 30., 20., 35.}, at::kDouble);  // turned inside out: it covers nothing
  const at::Tensor faces = at::tensor({20., 20., 40., 60., 70., 30., 90., 45., 60., 70., 95., 80.,  //
                                       30., 20., 50., 30., 0.,  0.,  0.,  0.,  0.,  0.,  0.,  0.},
                                      at::kDouble)
                               .view({2, 3, 4});
  return {noise({2, 40}, 0, 1, 3), all, faces,
          at::tensor({0., 0., 100., 80., 10., 5., 70., 45.}, at::kDouble).view({2, 4})};
}

struct DetectionForm {
  bool area = false, tanh = false;
  double threshold = .5, width = .1;
};

/// The loss of one row as its definition says it.
double detection_by_hand(const Boxes& all, std::int64_t row, const DetectionForm& form) {
  const auto scores = all.scores.accessor<double, 2>();
  const auto box = all.boxes.accessor<double, 3>(), face = all.faces.accessor<double, 3>();
  const auto extent = all.extent.accessor<double, 2>();
  double loss = 0;
  for (std::int64_t b = 0; b < all.boxes.size(1); ++b) {
    const double x = (box[row][b][0] + box[row][b][2]) / 2, y = (box[row][b][1] + box[row][b][3]) / 2;
    double distance = 1e30;
    for (std::int64_t f = 0; f < all.faces.size(1); ++f) {
      const double w = face[row][f][2] - face[row][f][0], h = face[row][f][3] - face[row][f][1];
      if (w <= 0 || h <= 0) continue;
      const double dx = x - (face[row][f][0] + face[row][f][2]) / 2, dy = y - (face[row][f][1] + face[row][f][3]) / 2;
      distance = std::min(distance, std::hypot(dx, dy) / std::max(w, h));
    }
    double side = distance > form.threshold ? 1 : -1;
    if (form.tanh) side = std::tanh((distance - form.threshold) / form.width);
    double weight = scores[row][b];
    if (form.area) {
      const double w = std::min(box[row][b][2], extent[row][2]) - std::max(box[row][b][0], extent[row][0]);
      const double h = std::min(box[row][b][3], extent[row][3]) - std::max(box[row][b][1], extent[row][1]);
      weight *=
          std::max(w, 0.) * std::max(h, 0.) / ((extent[row][2] - extent[row][0]) * (extent[row][3] - extent[row][1]));
    }
    loss -= weight * side;
  }
  return loss;
}

Output output_of(const Boxes& all) {
  Output output;
  output.scores = all.scores;
  output.boxes = all.boxes;
  return output;
}

Reference reference_of(const Boxes& all) {
  Reference reference;
  reference.boxes = all.faces;
  reference.extent = all.extent;
  return reference;
}

TEST(Detection, IsWhatItsDefinitionSays) {
  const Boxes all = boxes();
  for (const DetectionForm& form :
       {DetectionForm{}, DetectionForm{.area = true}, DetectionForm{.tanh = true},
        DetectionForm{.area = true, .tanh = true, .threshold = 1.2, .width = .4}, DetectionForm{.threshold = .2}}) {
    const auto loss = make<Loss>("detection", {{"area", form.area},
                                               {"sign", std::string(form.tanh ? "tanh" : "hard")},
                                               {"threshold", form.threshold},
                                               {"width", form.width}});
    const at::Tensor values = (*loss)(output_of(all), reference_of(all));
    ASSERT_EQ(values.sizes(), (std::vector<std::int64_t>{2}));
    for (std::int64_t row = 0; row < 2; ++row) {
      EXPECT_NEAR(values[row].item<double>(), detection_by_hand(all, row, form), 1e-9)
          << "row " << row << (form.area ? " area" : "") << (form.tanh ? " tanh" : "");
    }
  }
}

TEST(Detection, NeedsWhatItReads) {
  EXPECT_EQ(make<Loss>("detection")->needs(), Field::scores | Field::boxes);
}

TEST(Detection, LowersTrueFacesAndRaisesFalseOnes) {
  Boxes all = boxes();
  all.scores.requires_grad_(true);
  all.boxes.requires_grad_(true);
  const auto gradients = [&](const Parameters& parameters) {
    const at::Tensor loss = (*make<Loss>("detection", parameters))(output_of(all), reference_of(all)).sum();
    return torch::autograd::grad({loss}, {all.scores, all.boxes}, {}, {}, false, /*allow_unused=*/true);
  };
  const auto hard = gradients({});
  EXPECT_EQ(hard[0][0][0].item<double>(), 1);   // on the true face: minimising lowers its score
  EXPECT_EQ(hard[0][0][1].item<double>(), -1);  // far away
  EXPECT_TRUE(!hard[1].defined() || hard[1].abs().max().item<double>() == 0);  // a hard sign moves no box
  const auto area = gradients({{"area", true}});
  EXPECT_LT(area[1][0][0][0].item<double>(), 0);  // a true face shrinks: minimising moves its left side to the right
  EXPECT_GT(area[1].abs().max().item<double>(), 0);
  const auto soft = gradients({{"sign", std::string("tanh")}});
  EXPECT_GT(soft[1].abs().max().item<double>(), 0);
}

}  // namespace
}  // namespace faceoff
