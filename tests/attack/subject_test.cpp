// What is optimised of a picture, and how it is pasted back.
#include "attack/subject.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "experiment/experiment_files.hpp"
#include "faces/views.hpp"
#include "told.hpp"

namespace faceoff {
namespace {

// ------------------------------------------------------------------------------------------------------------- paste

at::Tensor integers(at::IntArrayRef shape, std::uint64_t seed) {
  return noise(shape, 0, 256, seed).floor().to(at::kFloat);
}

Subjects whole(const at::Tensor& picture) {
  Subjects subjects;
  subjects.pixels = picture;
  subjects.mask = at::ones({1, 1, picture.size(2), picture.size(3)});
  subjects.map = at::eye(2, 3, at::kDouble).unsqueeze(0);
  subjects.rows = {{0, {}, 1, picture.size(2), picture.size(3), false}};
  return subjects;
}

/// The square crops of these boxes, of `side` pixels each.
Subjects cut(const at::Tensor& picture, const std::vector<Face>& faces, std::int64_t side, double scale = 1) {
  Subjects subjects;
  subjects.kind = SubjectKind::crop;
  std::vector<at::Tensor> pixels, maps;
  for (std::size_t f = 0; f < faces.size(); ++f) {
    const View view = make_view({side, side, BoxCrop{.scale = scale}}, picture.size(2), picture.size(3), &faces[f]);
    pixels.push_back(view(picture));
    maps.push_back(view.map);
    subjects.rows.push_back({0, {static_cast<std::int64_t>(f)}, f, side, side, false});
  }
  subjects.pixels = at::cat(pixels);
  subjects.map = at::cat(maps);
  subjects.mask = at::ones({static_cast<std::int64_t>(faces.size()), 1, side, side});
  return subjects;
}

/// The only picture's, put back.
at::Tensor paste(const Subjects& subjects, const at::Tensor& optimised, const at::Tensor& picture,
                 const std::vector<Face>& faces, double epsilon, Norm norm, bool grey = false) {
  const std::vector<AttackInput> inputs = {{picture, faces, {}, {}, grey, 1}};
  return faceoff::paste(subjects, optimised, inputs, 0, epsilon, norm);
}

Subjects subjects_of(const Built& built, const at::Tensor& picture, const std::vector<Face>& faces, bool grey = false) {
  const std::vector<AttackInput> inputs = {{picture, faces, {}, {}, grey, 7}};
  return make_subjects(built.assembly, inputs);
}

at::Tensor change_of(const at::Tensor& delivered, const at::Tensor& picture) {
  EXPECT_EQ(delivered.scalar_type(), at::kByte);
  EXPECT_EQ(delivered.sizes(), picture.sizes());
  return delivered.to(at::kFloat) - picture;
}

TEST(Paste, DeliversIntegersWithinEpsilonAlsoWhereThatIsAFraction) {
  at::Tensor picture = integers({1, 3, 40, 50}, 1);
  picture[0][0][0].fill_(0);  // rows of black, nearly black, nearly white and white
  picture[0][0][1].fill_(3);
  picture[0][0][2].fill_(252);
  picture[0][0][3].fill_(255);
  for (const double epsilon : {8.5, 8., .4, .5, 1., 15.99}) {
    const at::Tensor low = (picture - epsilon).clamp(0, 255), high = (picture + epsilon).clamp(0, 255);
    const at::Tensor share = noise({1, 3, 40, 50}, 0, 1, 2, at::kFloat);
    for (const at::Tensor& x : {low, high, (low + share * (high - low))}) {
      const at::Tensor change = change_of(paste(whole(picture), x, picture, {}, epsilon, Norm::inf), picture);
      EXPECT_LE(change.abs().max().item<double>(), epsilon);
      // As near to what was asked for as whole numbers within epsilon can be.
      const double reach = std::floor(epsilon);
      const at::Tensor wanted = (x - picture).round().clamp(-reach, reach);
      EXPECT_LE(((x - picture) - change).abs().max().item<double>(), std::max(.5, epsilon - reach) + 1e-4);
      EXPECT_LE((change - wanted).abs().max().item<double>(), 1);
    }
    const at::Tensor up = change_of(paste(whole(picture), high, picture, {}, epsilon, Norm::inf), picture);
    EXPECT_EQ(up.max().item<double>(), std::floor(epsilon));
  }
}

TEST(Paste, NeverMakesADifferenceLongerForTheTwoNorm) {
  const at::Tensor picture = integers({1, 3, 40, 50}, 1);
  for (const double epsilon : {.3, 20., 300.}) {
    const at::Tensor away = noise({1, 3, 40, 50}, -1, 1, 2, at::kFloat);
    const Budget budget(picture, at::ones({1, 1, 40, 50}), epsilon, Norm::two);
    const at::Tensor x = budget.project(picture + away * (4 * epsilon / away.norm()));
    const at::Tensor change = change_of(paste(whole(picture), x, picture, {}, epsilon, Norm::two), picture);
    EXPECT_LE(change.norm().item<double>(), epsilon);
    EXPECT_LT(((x - picture) - change).abs().max().item<double>(), 1);
  }
}

TEST(Paste, SpendsTheTwoNormsBudgetWhereRoundingToNearestWouldLoseIt) {
  const at::Tensor picture = integers({1, 3, 40, 50}, 1) * .5 + 64;
  const at::Tensor rounded = picture.round();
  const at::Tensor small = noise({1, 3, 40, 50}, -.4, .4, 2, at::kFloat);  // each value rounds to no change
  const double length = small.norm().item<double>();
  for (const bool grey : {false, true}) {
    const Subjects subjects = whole(grey ? rounded.narrow(1, 0, 1).expand_as(rounded).contiguous() : rounded);
    const at::Tensor wanted = grey ? small.narrow(1, 0, 1).expand_as(small).contiguous() : small;
    const double longest = grey ? wanted.norm().item<double>() : length;
    const at::Tensor change = change_of(
        paste(subjects, subjects.pixels + wanted, subjects.pixels, {}, 2 * longest, Norm::two, grey), subjects.pixels);
    EXPECT_LE(change.norm().item<double>(), longest);
    EXPECT_GT(change.norm().item<double>(), .99 * longest);
    EXPECT_LE(change.abs().max().item<double>(), 1);
    EXPECT_GE((change * wanted).min().item<double>(), 0) << "a value went the other way";
  }
}

TEST(Paste, LeavesWhatWasNotChangedAsItWas) {
  const at::Tensor picture = integers({1, 3, 40, 50}, 1);
  at::Tensor x = picture.clone();
  x.narrow(2, 10, 5).narrow(3, 20, 6).add_(2.4).clamp_(0, 255);
  at::Tensor change = change_of(paste(whole(picture), x, picture, {}, 8, Norm::inf), picture);
  change.narrow(2, 10, 5).narrow(3, 20, 6).zero_();
  EXPECT_EQ(change.abs().max().item<double>(), 0);
}

const std::vector<Face> one_face = {Face{{10, 12, 34, 36}, .9, {}}};  // 24 × 24

TEST(Paste, EnlargesACropsDifferenceByNearestAndOnlyWithinTheCrop) {
  const at::Tensor picture = integers({1, 3, 48, 60}, 1) * .5 + 64;
  const at::Tensor rounded = picture.round();
  const Subjects subjects = cut(rounded, one_face, 8);  // each pixel of the crop is 3 × 3 of the picture's
  const at::Tensor difference = noise({1, 3, 8, 8}, -8.4, 8.4, 2, at::kFloat).round();
  const at::Tensor change =
      change_of(paste(subjects, subjects.pixels + difference, rounded, one_face, 8, Norm::inf), rounded);
  at::Tensor expected = at::zeros_like(change);
  expected.narrow(2, 12, 24).narrow(3, 10, 24).copy_(
      difference.repeat_interleave(3, 2).repeat_interleave(3, 3).clamp(-8, 8));
  EXPECT_EQ(largest_difference(change, expected), 0);
}

TEST(Paste, TakesACropsDifferenceByNearestWhereTheCropIsFinerThanThePicture) {
  const at::Tensor picture = (integers({1, 3, 48, 60}, 1) * .5 + 64).round();
  const Subjects subjects = cut(picture, one_face, 72);  // each of the picture's pixels is 3 × 3 of the crop's
  const at::Tensor difference = noise({1, 3, 72, 72}, -8, 8, 2, at::kFloat).round();
  const at::Tensor change =
      change_of(paste(subjects, subjects.pixels + difference, picture, one_face, 8, Norm::inf), picture);
  at::Tensor expected = at::zeros_like(change);
  expected.narrow(2, 12, 24).narrow(3, 10, 24).copy_(difference.slice(2, 1, 72, 3).slice(3, 1, 72, 3));
  EXPECT_EQ(largest_difference(change, expected), 0);
}

TEST(Paste, AnUnchangedCropLeavesThePictureAsItIs) {
  const at::Tensor picture = integers({1, 3, 48, 60}, 1);
  const Subjects subjects = cut(picture, one_face, 13, 1.37);
  EXPECT_EQ(
      change_of(paste(subjects, subjects.pixels, picture, one_face, 8, Norm::inf), picture).abs().max().item<double>(),
      0);
}

TEST(Paste, OverlappingCropsNeverAddUp) {
  const at::Tensor picture = at::full({1, 3, 60, 80}, 128.F);
  const std::vector<Face> faces = {Face{{10, 10, 40, 40}, .9, {}}, Face{{28, 16, 58, 46}, .8, {}}};
  const Subjects subjects = cut(picture, faces, 30);
  at::Tensor difference = at::full({2, 3, 30, 30}, 5.F);
  difference[1].fill_(-7);
  for (const double epsilon : {8., 16.}) {
    const at::Tensor change =
        change_of(paste(subjects, subjects.pixels + difference, picture, faces, epsilon, Norm::inf), picture)[0][0];
    for (std::int64_t y = 0; y < 60; ++y) {
      for (std::int64_t x = 0; x < 80; ++x) {
        const auto within = [&](const Box& box) {
          return static_cast<double>(x) >= box.x0 && static_cast<double>(x) < box.x1 &&
                 static_cast<double>(y) >= box.y0 && static_cast<double>(y) < box.y1;
        };
        const auto far = [&](const Box& box) {
          return std::hypot(static_cast<double>(x) + .5 - (box.x0 + box.x1) / 2,
                            static_cast<double>(y) + .5 - (box.y0 + box.y1) / 2);
        };
        const bool first = within(faces[0].box), second = within(faces[1].box);
        const bool nearer = first && (!second || far(faces[0].box) <= far(faces[1].box));
        const double expected = nearer ? 5 : second ? -7 : 0;
        ASSERT_EQ(change[y][x].item<double>(), expected) << x << ", " << y;
      }
    }
  }
}

TEST(Paste, AFaceAcrossABorderKeepsItsPlace) {
  const at::Tensor picture = at::full({1, 3, 50, 60}, 128.F);
  for (const Box box : {Box{-12, 10, 12, 34}, Box{48, 10, 72, 34}, Box{20, -12, 44, 12}, Box{20, 38, 44, 62},
                        Box{-12, -12, 12, 12}, Box{48, 38, 72, 62}, Box{-12, -12, 72, 72}}) {
    const std::vector<Face> faces = {Face{box, .9, {}}};
    const Subjects subjects = cut(picture, faces, static_cast<std::int64_t>(box.width()));
    // The difference says where on the picture it belongs.
    const at::Tensor xs = (at::arange(subjects.pixels.size(3)) + box.x0).expand(subjects.pixels.sizes());
    const at::Tensor difference = xs / 8;
    const at::Tensor change =
        change_of(paste(subjects, subjects.pixels + difference, picture, faces, 20, Norm::inf), picture);
    const Box shown{std::max(box.x0, 0.), std::max(box.y0, 0.), std::min(box.x1, 60.), std::min(box.y1, 50.)};
    const auto left = static_cast<std::int64_t>(shown.x0), top = static_cast<std::int64_t>(shown.y0);
    const auto width = static_cast<std::int64_t>(shown.width()), height = static_cast<std::int64_t>(shown.height());
    at::Tensor expected = at::zeros_like(change);
    expected.narrow(2, top, height)
        .narrow(3, left, width)
        .copy_(((at::arange(width) + left) / 8).round().expand({1, 3, height, width}));
    EXPECT_EQ(largest_difference(change, expected), 0) << box.x0 << ", " << box.y0;
  }
}

TEST(Paste, GreyStaysGrey) {
  const at::Tensor picture = integers({1, 1, 40, 50}, 1).expand({1, 3, 40, 50}).contiguous();
  const at::Tensor x = (picture + noise({1, 3, 40, 50}, -8, 8, 2, at::kFloat)).clamp(0, 255);
  const Subjects crops = cut(picture, one_face, 8);
  const at::Tensor changed = crops.pixels + noise({1, 3, 8, 8}, -8, 8, 3, at::kFloat);
  for (const at::Tensor& delivered : {paste(whole(picture), x, picture, {}, 8, Norm::inf, true),
                                      paste(crops, changed, picture, one_face, 8, Norm::inf, true)}) {
    EXPECT_TRUE(at::equal(delivered.select(1, 0), delivered.select(1, 1)));
    EXPECT_TRUE(at::equal(delivered.select(1, 0), delivered.select(1, 2)));
    const at::Tensor change = change_of(delivered, picture);
    EXPECT_LE(change.abs().max().item<double>(), 8);
    EXPECT_GT(change.abs().max().item<double>(), 2);
  }
}

// ---------------------------------------------------------------------------------------------------------- subjects

std::string experiment(const std::string& attack) {
  return "name = \"subjects\"\n[data]\npictures = [\"models/samples/sample1.jpg\"]\n"
         "people = [\"models/samples/sample2.jpg\"]\n"
         "[models.ssd]\nplugin = \"ssd_mobilenet_v1\"\n[models.faceres]\nplugin = \"torchscript\"\n"
         "[faces]\ndetector = \"ssd\"\n"
         "[[loss]]\nplugin = \"similarity\"\nmodels = [\"faceres\"]\n[optimizer]\nplugin = \"pgd\"\n"
         "[attack]\ntarget = { choice = \"furthest\" }\n" +
         attack;
}

const std::vector<Face> two_faces = {Face{{10, 20, 50, 60}, .9, {}}, Face{{90, 5, 118, 45}, .8, {}}};

TEST(Subjects, OfKindPictureIsThePartWithEveryFace) {
  const at::Tensor picture = integers({1, 3, 100, 120}, 1);
  const Built built(experiment("mask = \"faces\""));
  const Subjects subjects = subjects_of(built, picture, two_faces, false);
  EXPECT_TRUE(same_bits(subjects.pixels, picture.narrow(2, 0, 64))) << "whole blocks of 16 rows";
  ASSERT_EQ(subjects.count(), 1);
  EXPECT_EQ(subjects.rows[0].faces, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(subjects.rows[0].key, 7U);
  // 1.1 × the longer side about each face, and cut at the border.
  at::Tensor mask = at::zeros({1, 1, 64, 120});
  mask.narrow(2, 18, 44).narrow(3, 8, 44).fill_(1);
  mask.narrow(2, 3, 44).narrow(3, 82, 38).fill_(1);
  EXPECT_EQ(largest_difference(subjects.mask, mask), 0);
  const Built small(experiment("mask = \"faces\"\nmask_size = 0.5"));
  mask.zero_();
  mask.narrow(2, 30, 20).narrow(3, 20, 20).fill_(1);
  mask.narrow(2, 15, 20).narrow(3, 94, 20).fill_(1);
  EXPECT_EQ(largest_difference(subjects_of(small, picture, two_faces, false).mask, mask), 0);
  const Built everywhere(experiment(""));
  const Subjects all = subjects_of(everywhere, picture, two_faces, false);
  EXPECT_TRUE(same_bits(all.pixels, picture));
  EXPECT_EQ(all.mask.min().item<double>(), 1);
}

TEST(Subjects, OfKindCropIsEachFacesViewWithAKeyOfItsOwn) {
  const at::Tensor picture = integers({1, 3, 100, 120}, 1);
  const Built built(experiment("subject = \"crop\""));
  const Subjects subjects = subjects_of(built, picture, two_faces, true);
  ASSERT_EQ(subjects.pixels.sizes(), (std::vector<std::int64_t>{2, 3, 224, 224}));
  for (std::size_t f = 0; f < 2; ++f) {
    const View view = make_view({224, 224, BoxCrop{.scale = 1.1}}, 100, 120, &two_faces[f]);
    EXPECT_LT(largest_difference(subjects.pixels[static_cast<std::int64_t>(f)], view(picture)[0].clamp(0, 255)), 1e-4);
    EXPECT_LT(largest_difference(subjects.map[static_cast<std::int64_t>(f)], view.map[0]), 1e-12);
  }
  ASSERT_EQ(subjects.count(), 2);
  EXPECT_EQ(subjects.rows[0].faces, (std::vector<std::int64_t>{0}));
  EXPECT_EQ(subjects.rows[1].faces, (std::vector<std::int64_t>{1}));
  EXPECT_NE(subjects.rows[0].key, subjects.rows[1].key);
  EXPECT_TRUE(subjects.rows[0].grey);
}

TEST(Subjects, ACropMayChangeOnlyWhereItLiesOnThePicture) {
  const at::Tensor picture = integers({1, 3, 100, 120}, 1);
  const Built built(experiment("subject = \"crop\""));
  const Subjects inside = subjects_of(built, picture, {two_faces[0]}, false);
  EXPECT_EQ(inside.mask.min().item<double>(), 1);
  // A face half beyond the left border: what the view repeats of the border would never be delivered.
  const Face face{{-20, 30, 20, 70}, .9, {}};
  const Subjects across = subjects_of(built, picture, {face}, false);
  at::Tensor expected = at::zeros({1, 1, 224, 224});
  expected.narrow(3, 112, 112).fill_(1);
  EXPECT_EQ(largest_difference(across.mask, expected), 0);
}

TEST(Subjects, ACropMayNotChangeInItsViewsZeroPadding) {
  const at::Tensor picture = integers({1, 3, 100, 120}, 1);
  std::string text = experiment("subject = \"crop\"");
  const std::string plugin = "plugin = \"torchscript\"\n";
  text.insert(text.find(plugin) + plugin.size(), "view = \"padded_box\"\n");
  const Built built(text);
  const Face face{{40, 20, 60, 76}, .9, {}};  // 20 × 56: padded with 18 columns on each side, 72 of 224
  const Subjects subjects = subjects_of(built, picture, {face}, false);
  at::Tensor expected = at::zeros({1, 1, 224, 224});
  expected.narrow(3, 72, 80).fill_(1);
  // A column more where the interpolation still mixes the face in.
  at::Tensor difference = subjects.mask - expected;
  EXPECT_GE(difference.min().item<double>(), 0);
  EXPECT_LE(difference.sum({0, 1, 2}).count_nonzero().item<std::int64_t>(), 4);
}

}  // namespace
}  // namespace faceoff
