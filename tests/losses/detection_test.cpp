// The detection loss against loops written from its definition.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <string>

#include "gradients.hpp"

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
  bool area = false, tanh = false, iou = false;
  double threshold = .5, width = .1;
  std::string form = "linear";
};

/// What a score counts for, on a face and elsewhere.
double counted(double score, bool on_face, const std::string& form) {
  if (form == "hinge") return on_face ? std::max(0., score - .3) : std::min(score, .7);
  if (form == "log")
    return on_face ? std::log(1 + 1e-4) - std::log(1 - score + 1e-4) : std::log(score + 1e-4) - std::log(1e-4);
  return score;
}

/// The loss of one row as its definition says it.
double detection_by_hand(const Boxes& all, std::int64_t row, const DetectionForm& form) {
  const auto scores = all.scores.accessor<double, 2>();
  const auto box = all.boxes.accessor<double, 3>(), face = all.faces.accessor<double, 3>();
  const auto extent = all.extent.accessor<double, 2>();
  double loss = 0;
  for (std::int64_t b = 0; b < all.boxes.size(1); ++b) {
    const double x = (box[row][b][0] + box[row][b][2]) / 2, y = (box[row][b][1] + box[row][b][3]) / 2;
    double distance = 1e30, iou = 0;
    for (std::int64_t f = 0; f < all.faces.size(1); ++f) {
      const double w = face[row][f][2] - face[row][f][0], h = face[row][f][3] - face[row][f][1];
      if (w <= 0 || h <= 0) continue;
      const double dx = x - (face[row][f][0] + face[row][f][2]) / 2, dy = y - (face[row][f][1] + face[row][f][3]) / 2;
      distance = std::min(distance, std::hypot(dx, dy) / std::max(w, h));
      const auto shared = [&](int axis) {
        return std::max(0., std::min(box[row][b][axis + 2], face[row][f][axis + 2]) -
                                std::max(box[row][b][axis], face[row][f][axis]));
      };
      const double both = shared(0) * shared(1);
      const double own = std::max(0., box[row][b][2] - box[row][b][0]) * std::max(0., box[row][b][3] - box[row][b][1]);
      iou = std::max(iou, both / (own + w * h - both));
    }
    const double beyond = form.iou ? form.threshold - iou : distance - form.threshold;
    const double side = form.tanh ? std::tanh(beyond / form.width) : beyond > 0 ? 1 : -1;
    double weight = counted(scores[row][b], beyond < 0, form.form);
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
        DetectionForm{.area = true, .tanh = true, .threshold = 1.2, .width = .4}, DetectionForm{.threshold = .2},
        DetectionForm{.iou = true}, DetectionForm{.area = true, .tanh = true, .iou = true, .threshold = .1},
        DetectionForm{.form = "hinge"}, DetectionForm{.area = true, .tanh = true, .form = "hinge"},
        DetectionForm{.form = "log"}, DetectionForm{.area = true, .tanh = true, .iou = true, .form = "log"}}) {
    const auto loss = make<Loss>("detection", {{"area", form.area},
                                               {"sign", std::string(form.tanh ? "tanh" : "hard")},
                                               {"by", std::string(form.iou ? "iou" : "distance")},
                                               {"form", form.form},
                                               {"threshold", form.threshold},
                                               {"width", form.width}});
    const at::Tensor values = (*loss)(output_of(all), reference_of(all));
    ASSERT_EQ(values.sizes(), (std::vector<std::int64_t>{2}));
    for (std::int64_t row = 0; row < 2; ++row) {
      EXPECT_NEAR(values[row].item<double>(), detection_by_hand(all, row, form), 1e-9)
          << "row " << row << ' ' << form.form << (form.area ? " area" : "") << (form.tanh ? " tanh" : "")
          << (form.iou ? " iou" : "");
    }
  }
}

TEST(Detection, LetsBoxesBeThatAreHiddenOrShownByItsHinge) {
  Boxes all = boxes();
  all.scores.fill_(.5);
  all.scores[0][0] = .3;  // on a true face, and as good as hidden
  all.scores[0][1] = .8;  // far from any, and well to be seen
  all.scores.requires_grad_(true);
  const auto loss = make<Loss>("detection", {{"form", std::string("hinge")}});
  const at::Tensor value = (*loss)(output_of(all), reference_of(all)).sum();
  const at::Tensor gradient = torch::autograd::grad({value}, {all.scores}).front();
  EXPECT_EQ(gradient[0][0].item<double>(), 0);
  EXPECT_EQ(gradient[0][1].item<double>(), 0);
  EXPECT_EQ(gradient[0].slice(0, 2).abs().min().item<double>(), 1) << "the others are still led";
}

TEST(Detection, HasTheGradientThatCentralDifferencesGive) {
  const Boxes all = boxes();
  for (const std::string form : {"linear", "hinge", "log"}) {
    for (const std::string by : {"distance", "iou"}) {
      SCOPED_TRACE(form + " by " + by);
      const auto loss = make<Loss>(
          "detection", {{"form", form}, {"by", by}, {"sign", std::string("tanh")}, {"area", true}, {"threshold", .3}});
      const auto value = [&](const at::Tensor& x) {  // scores and boxes as one
        Boxes there = all;
        there.scores = x.select(2, 0);
        there.boxes = x.narrow(2, 1, 4);
        return (*loss)(output_of(there), reference_of(all)).sum();
      };
      const at::Tensor x = at::cat({all.scores.unsqueeze(2), all.boxes}, 2), input = x.clone().requires_grad_(true);
      const at::Tensor gradient = torch::autograd::grad({value(input)}, {input}).front();
      ASSERT_GT(gradient.narrow(2, 1, 4).abs().max().item<double>(), 1e-4) << "boxes are moved";
      expect_true_gradient([&](const at::Tensor& at) { return value(at).item<double>(); }, x, gradient, 1e-6);
    }
  }
}

TEST(Detection, HasAFiniteGradientAtScoresOfNoughtAndOneAndCountsNoPadding) {
  Boxes all = boxes();
  all.scores = at::cat({at::zeros({2, 20}, at::kDouble), at::ones({2, 20}, at::kDouble)}, 1);
  for (const std::string form : {"linear", "hinge", "log"}) {
    const auto loss = make<Loss>("detection", {{"form", form}, {"area", true}});
    Boxes given = all;
    given.scores = all.scores.clone().requires_grad_(true);
    const at::Tensor values = (*loss)(output_of(given), reference_of(given));
    const at::Tensor gradient = torch::autograd::grad({values.sum()}, {given.scores}).front();
    EXPECT_TRUE(std::isfinite(gradient.sum().item<double>())) << form;
    EXPECT_GT(gradient.abs().max().item<double>(), 0) << form;
    Boxes padded = all;
    padded.scores = at::constant_pad_nd(all.scores, {0, 3});
    padded.boxes = at::constant_pad_nd(all.boxes, {0, 0, 0, 3});
    EXPECT_LT(largest_difference((*loss)(output_of(padded), reference_of(all)), values), 1e-9) << form;
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
