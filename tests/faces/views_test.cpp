#include "faces/views.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "attack/objective.hpp"
#include "attack/subject.hpp"
#include "experiment/experiment_files.hpp"
#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "faces/targets.hpp"
#include "gradients.hpp"
#include "picture/picture.hpp"

namespace faceoff {
namespace {

const std::vector<Crop> crops = {WholePicture{},     BoxCrop{},           BoxCrop{.scale = .91, .down = .057},
                                 PaddedBox{},        DlibRect{},          FivePoints{},
                                 StretchedPicture{}, LetterboxedPicture{}};

/// Faces within the picture, wider than high, across each border and larger than the view.
std::vector<Face> view_faces() {
  std::vector<Face> faces;
  for (const Box box : {Box{21.3, 14.6, 40.2, 41.9}, Box{10, 20, 50, 35}, Box{-6.5, -4.2, 20, 22},
                        Box{55.5, 38.1, 83, 64.2}, Box{2, 1, 74, 58}}) {
    faces.push_back({box, .9, landmarks_in(box)});
  }
  return faces;
}

TEST(Views, HaveTheGradientThatCentralDifferencesGive) {
  const at::Tensor picture = noise({1, 3, 60, 76}, 0, 255, 1);
  for (const Crop& crop : crops) {
    for (const Face& face : view_faces()) {
      const View view = make_view({24, 24, crop}, 60, 76, &face);
      const at::Tensor weights = noise({1, 3, 24, 24}, -1, 1, 2);
      const auto value = [&](const at::Tensor& x) { return (view(x) * weights).sum(); };
      const at::Tensor input = picture.clone().requires_grad_(true);
      const at::Tensor gradient = torch::autograd::grad({value(input)}, {input}).front();
      SCOPED_TRACE(to_string(crop));
      expect_true_gradient([&](const at::Tensor& x) { return value(x).item<double>(); }, picture, gradient, 1);
      if (!about_a_face(crop)) break;
    }
  }
}

TEST(Views, SeeBytesAsNumbersAndAPartAsItsPicture) {
  const at::Tensor picture = noise({1, 3, 60, 76}, 0, 256, 1, at::kFloat).floor();
  for (const Crop& crop : crops) {
    for (const Face& face : view_faces()) {
      const View view = make_view({24, 24, crop}, 60, 76, &face);
      SCOPED_TRACE(to_string(crop));
      EXPECT_TRUE(same_bits(view(picture.to(at::kByte)), view(picture)));
      const Part part = seen_by(view);
      const at::Tensor alone = picture.narrow(2, part.top, part.height()).narrow(3, part.left, part.width());
      const View of_alone = of_part(view, part);
      EXPECT_TRUE(same_bits(of_alone(alone), view(picture)));
      const at::Tensor corner = at::tensor({0., 0.}, at::kDouble).view({1, 1, 2});
      const at::Tensor there =
          at::tensor({static_cast<double>(part.left), static_cast<double>(part.top)}, at::kDouble).view({1, 1, 2});
      EXPECT_LT(largest_difference(apply_map(of_alone.map, corner), apply_map(view.map, there)), 1e-9);
      if (!about_a_face(crop)) break;
    }
  }
}

/// A picture whose values are its own coordinates, from the pixels' centres or from their corners.
at::Tensor coordinates(std::int64_t height, std::int64_t width, double offset) {
  const at::Tensor x = (at::arange(width, at::kDouble) + offset).expand({height, width});
  const at::Tensor y = (at::arange(height, at::kDouble) + offset).unsqueeze(1).expand({height, width});
  return at::stack({x, y}).unsqueeze(0);
}

TEST(Views, FivePointsComeToLieWhereTheTemplateHasThem) {
  const at::Tensor wanted =
      at::tensor({38.2946, 51.6963, 73.5318, 51.5014, 56.0252, 71.7366, 41.5493, 92.3655, 70.7299, 92.2041},
                 at::kDouble)
          .view({1, 5, 2});
  for (const double scale : {.4, 2.5}) {  // shrunk and enlarged views
    // The template turned by a third of a right angle.
    const at::Tensor turn = at::tensor({.866 / scale, -.5 / scale, 160., .5 / scale, .866 / scale, 40.}, at::kDouble);
    const Face face{{}, .9, apply_map(turn.view({1, 2, 3}), wanted).squeeze(0)};
    const View view = make_view({112, 112, FivePoints{}}, 400, 420, &face);
    EXPECT_LT(largest_difference(apply_map(view.map, face.landmarks.unsqueeze(0)), wanted), 1e-9);
    const at::Tensor seen = view(coordinates(400, 420, .5)).squeeze(0).permute({1, 2, 0}).reshape({1, -1, 2});
    const at::Tensor centres = coordinates(112, 112, .5).squeeze(0).permute({1, 2, 0}).reshape({1, -1, 2});
    // Beyond the picture the border is repeated.
    const at::Tensor inside = ((seen > 4) & (seen < at::tensor({416., 396.}, at::kDouble))).all(2, true);
    EXPECT_GT(inside.to(at::kDouble).mean().item<double>(), .5);
    // Shrinking weighs whole pixels, a little unevenly.
    EXPECT_LT(largest_difference(apply_map(view.map, seen) * inside, centres * inside), scale < 1 ? .02 : 1e-6);
  }
  const Face nowhere{{10, 10, 20, 20}, .9, at::full({68, 2}, 15., at::kDouble)};
  EXPECT_THROW(make_view({112, 112, FivePoints{}}, 400, 420, &nowhere), Unviewable);
}

TEST(Views, AMirroredFaceIsAlignedLikeAnyOther) {
  const auto aligned = [](const at::Tensor& landmarks) {
    const Face face{{}, .9, landmarks};
    return make_view({112, 112, FivePoints{}}, 400, 420, &face).map;
  };
  const at::Tensor mirror = at::tensor({-1., 0., 420., 0., 1., 0.}, at::kDouble).view({1, 2, 3});
  const at::Tensor five =
      at::tensor({150., 160., 260., 155., 200., 220., 165., 270., 245., 265.}, at::kDouble).view({5, 2});
  const at::Tensor there = mirrored(apply_map(mirror, five.unsqueeze(0)).squeeze(0));
  // The template is nearly its own mirror image, and so is what is aligned to it.
  const at::Tensor as_seen = apply_map(aligned(there), apply_map(mirror, five.unsqueeze(0)));
  const at::Tensor other_side = apply_map(aligned(five), five.unsqueeze(0));
  EXPECT_LT(largest_difference(as_seen.select(2, 0), 112 - other_side.select(2, 0)), 1);
  EXPECT_LT(largest_difference(as_seen.select(2, 1), other_side.select(2, 1)), 1);
  // 68 points in their order, of which these are the eyes, the nose's tip and the mouth's corners.
  at::Tensor all = noise({68, 2}, 0, 400, 5);
  all.narrow(0, 36, 6) = five[0];
  all.narrow(0, 42, 6) = five[1];
  for (const auto& [point, of] : {std::pair(30, 2), std::pair(48, 3), std::pair(54, 4)}) all[point] = five[of];
  EXPECT_LT(largest_difference(aligned(mirrored(apply_map(mirror, all.unsqueeze(0)).squeeze(0))), aligned(there)),
            1e-9);
  EXPECT_TRUE(at::equal(mirrored(mirrored(all)), all));
  EXPECT_TRUE(at::equal(mirrored(all)[0], all[16]));
}

TEST(Views, ABoxCropsMapSaysWhereThePicturesPointsComeToLie) {
  // Half-pixel centres: the value at a view's pixel is the place in the picture that its centre comes from.
  const Face face{{30, 20, 60, 62}, .9, {}};
  for (const std::int64_t side : {16, 64}) {
    const View view = make_view({side, side, BoxCrop{.scale = 1.2, .down = .05}}, 100, 120, &face);
    const at::Tensor seen = view(coordinates(100, 120, .5)).squeeze(0).permute({1, 2, 0}).reshape({1, -1, 2});
    const at::Tensor centres = coordinates(side, side, .5).squeeze(0).permute({1, 2, 0}).reshape({1, -1, 2});
    // A shrinking filter's taps lie on whole pixels, so that their centre of gravity is only nearly the place.
    EXPECT_LT(largest_difference(apply_map(view.map, seen), centres), side == 16 ? .02 : 1e-9);
  }
  const View view = make_view({40, 40, BoxCrop{.scale = 2}}, 100, 120, &face);
  const at::Tensor box = map_boxes(view.map, at::tensor({30., 20., 60., 62.}, at::kDouble).view({1, 1, 4}));
  EXPECT_LT(largest_difference(box.flatten(), at::tensor({20 - 150. / 21, 10., 20 + 150. / 21, 30.}, at::kDouble)),
            1e-9);
}

TEST(Views, ThePaddedCropsMapSaysWhereThePicturesPointsComeToLie) {
  // Legacy bilinear: pixels are points, so that pixel 0 is taken from place 0.
  const Face face{{30, 20, 60, 62}, .9, {}};  // 30 × 42, so 6 columns of zeros on each side
  const View view = make_view({21, 21, PaddedBox{}}, 100, 120, &face);
  const at::Tensor seen = view(coordinates(100, 120, 0)).squeeze(0);
  for (std::int64_t row = 0; row < 21; ++row) {
    for (std::int64_t column = 0; column < 21; ++column) {
      const bool padding = column < 3 || column >= 18;
      EXPECT_NEAR(seen[0][row][column].item<double>(), padding ? 0 : 30 + 2 * (column - 3), 1e-9);
      EXPECT_NEAR(seen[1][row][column].item<double>(), padding ? 0 : 20 + 2 * row, 1e-9);
    }
  }
  const at::Tensor corner = apply_map(view.map, at::tensor({30., 20.}, at::kDouble).view({1, 1, 2}));
  EXPECT_LT(largest_difference(corner.flatten(), at::tensor({3., 0.}, at::kDouble)), 1e-9);
}

TEST(Views, TheWholePictureIsPaddedRightAndBelow) {
  const View view = make_view({30, 30, WholePicture{}}, 40, 60);
  const at::Tensor seen = view(coordinates(40, 60, 0) + 1).squeeze(0);
  for (std::int64_t i = 0; i < 30; ++i) {
    EXPECT_NEAR(seen[0][0][i].item<double>(), 2. * static_cast<double>(i) + 1, 1e-9);
    EXPECT_NEAR(seen[1][i][0].item<double>(), i < 20 ? 2. * static_cast<double>(i) + 1 : 0, 1e-9);
  }
  EXPECT_LT(largest_difference(view.map, at::tensor({.5, 0., 0., 0., .5, 0.}, at::kDouble).view({1, 2, 3})), 1e-12);
  EXPECT_TRUE(same_bits(make_view({0, 0, WholePicture{}}, 40, 60)(coordinates(40, 60, 0)), coordinates(40, 60, 0)));
}

TEST(Views, AStretchedPictureIsWhatInterpolationGives) {
  const at::Tensor picture = noise({1, 3, 40, 60}, 0, 255, 3);
  for (const auto& [height, width] : {std::pair<std::int64_t, std::int64_t>{24, 32}, {90, 61}, {40, 60}}) {
    const View view = make_view({height, width, StretchedPicture{}}, 40, 60);
    const at::Tensor expected = at::upsample_bilinear2d(picture, {height, width}, false);
    EXPECT_LT(largest_difference(view(picture), expected), 1e-9) << height;
    const double sx = static_cast<double>(width) / 60, sy = static_cast<double>(height) / 40;
    EXPECT_LT(largest_difference(view.map, at::tensor({sx, 0., 0., 0., sy, 0.}, at::kDouble).view({1, 2, 3})), 1e-12);
  }
  EXPECT_TRUE(same_bits(make_view({0, 0, StretchedPicture{}}, 40, 60)(picture), picture));
}

TEST(Views, ALetterboxedPictureLiesInTheMiddleOfBlack) {
  const at::Tensor picture = noise({1, 3, 40, 61}, 1, 255, 3);
  const View view = make_view({32, 32, LetterboxedPicture{}}, 40, 61);  // 21 rows of 32: 5 above, 6 below
  const at::Tensor seen = view(picture);
  EXPECT_LT(largest_difference(seen.narrow(2, 5, 21), at::upsample_bilinear2d(picture, {21, 32}, false)), 1e-9);
  EXPECT_EQ(seen.narrow(2, 0, 5).abs().max().item<double>(), 0);
  EXPECT_EQ(seen.narrow(2, 26, 6).abs().max().item<double>(), 0);
  const at::Tensor corners = apply_map(view.map, at::tensor({0., 0., 61., 40.}, at::kDouble).view({1, 2, 2}));
  EXPECT_LT(largest_difference(corners.flatten(), at::tensor({0., 5., 32., 26.}, at::kDouble)), 1e-12);
  const View tall = make_view({24, 32, LetterboxedPicture{}}, 60, 20);  // 8 columns of 24 rows
  const at::Tensor there = apply_map(tall.map, at::tensor({0., 0., 20., 60.}, at::kDouble).view({1, 2, 2}));
  EXPECT_LT(largest_difference(there.flatten(), at::tensor({12., 0., 20., 24.}, at::kDouble)), 1e-12);
  EXPECT_EQ(make_view({32, 32, LetterboxedPicture{}}, 1, 4000)(noise({1, 3, 1, 4000}, 1, 255, 3)).size(2), 32);
}

TEST(Views, ABoxCropRepeatsTheBorder) {
  const Face face{{-10, -10, 10, 10}, .9, {}};
  const View view = make_view({20, 20, BoxCrop{.scale = 1}}, 30, 30, &face);
  const at::Tensor picture = noise({1, 1, 30, 30}, 0, 255, 5);
  const at::Tensor seen = view(picture)[0][0];
  EXPECT_LT(
      largest_difference(seen.narrow(0, 10, 10).narrow(1, 10, 10), picture[0][0].narrow(0, 0, 10).narrow(1, 0, 10)),
      1e-12);
  EXPECT_LT(largest_difference(seen.narrow(0, 0, 10).narrow(1, 0, 10), picture[0][0][0][0].expand({10, 10})), 1e-12);
}

TEST(Resample, ABrightPictureStaysAsBright) {
  for (const std::int64_t out : {7, 30, 90}) {
    EXPECT_LT(largest_difference(triangle(3.3, 25.1, out, 30).weight.sum(1), at::ones({out}, at::kDouble)), 1e-12);
    EXPECT_LT(largest_difference(half_pixel_bilinear(30, out, 0, out).weight.sum(1), at::ones({out}, at::kDouble)),
              1e-12);
    EXPECT_LT(largest_difference(legacy_bilinear(30, out, 0, 30).weight.sum(1), at::ones({out}, at::kDouble)), 1e-12);
  }
}

}  // namespace
}  // namespace faceoff
