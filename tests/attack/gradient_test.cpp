// The gradient of everything between the subject and the loss, against central differences in double.
#include <faceoff/layers.hpp>
#include <faceoff/resample.hpp>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "attack/objective.hpp"
#include "attack/subject.hpp"
#include "experiment/experiment_files.hpp"
#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "faces/targets.hpp"
#include "faces/views.hpp"
#include "picture/picture.hpp"

namespace faceoff {
namespace {

// ------------------------------------------------------------------------------------------------------------- chain

/// A picture, small enough for double precision on one thread, with two faces as good as any.
struct Scene {
  at::Tensor picture;
  std::vector<Face> faces;
};

/// 68 landmarks that lie roughly where a face in this box has them; alignment only asks for eyes and mouth.
at::Tensor landmarks_in(const Box& box) {
  const auto at_share = [&](double x, double y) {
    return at::tensor({box.x0 + x * box.width(), box.y0 + y * box.height()}, at::kDouble);
  };
  at::Tensor points = at_share(.5, .5).expand({68, 2}).clone();
  points.narrow(0, 36, 6) = at_share(.31, .41);
  points.narrow(0, 42, 6) = at_share(.68, .39);
  points.narrow(0, 48, 20) = at_share(.52, .77);
  return points;
}

Scene scene() {
  Picture photo = read_picture("models/samples/sample1.jpg");
  const at::Tensor whole = to_tensor(photo, at::kDouble);
  // sample1's faces are at (414,355) and (838,421): the crop has both, and its borders cut nothing.
  const at::Tensor part = whole.narrow(2, 280, 480).narrow(3, 340, 760);
  const at::Tensor small = at::avg_pool2d(part, {4, 4}, {4, 4}).contiguous();
  const auto face = [&](double x, double y, double w, double h) {
    const Box box{(x - 340) / 4, (y - 280) / 4, (x - 340 + w) / 4, (y - 280 + h) / 4};
    return Face{box, .99, landmarks_in(box)};
  };
  return {small, {face(414.1, 354.8, 177.3, 239.8), face(838.1, 420.7, 186.4, 227.8)}};
}

/// What an experiment has besides its losses.
std::string experiment(const std::string& attack, const std::string& rest) {
  return "name = \"gradient\"\nseed = 3\n[data]\npictures = [\"models/samples/sample1.jpg\"]\n"
         "people = [\"models/samples/sample2.jpg\"]\n"
         "[models.ssd]\nplugin = \"ssd_mobilenet_v1\"\n"
         "[models.landmarks]\nplugin = \"face_landmark_68\"\n"
         "[models.dlib]\nplugin = \"face_recognition\"\n"
         "[models.faceres]\nplugin = \"torchscript\"\n"
         "[faces]\ndetector = \"ssd\"\nlandmarks = \"landmarks\"\n"
         "[optimizer]\nplugin = \"pgd\"\n[attack]\n" +
         attack + "\n" + rest;
}

const std::string augmentations =
    "[[augment]]\nplugin = \"random_scale\"\nprobability = 0.9\n"
    "[[augment]]\nplugin = \"random_crop\"\nprobability = 0.9\n"
    "[[augment]]\nplugin = \"uniform_noise\"\n";

/// The chain of an experiment on the scene. Each evaluation is a new objective's first, so that it sees the same random
/// numbers as any other.
class Chain {
 public:
  explicit Chain(const std::string& text) : built_(text, at::kDouble), scene_(scene()) {
    for (const LoadedModel* model : built_.assembly.surrogates) {
      if (includes(model->provides, Field::embedding)) means_[model] = noise({embedding_length(*model)}, -.05, .05, 30);
    }
    AttackInput input{scene_.picture, scene_.faces, {}, false, 17};
    if (!built_.assembly.experiment.targets.empty()) {
      for (std::size_t f = 0; f < scene_.faces.size(); ++f) input.targets.push_back({target(f)});
    }
    inputs_.push_back(std::move(input));
    subjects_ = make_subjects(built_.assembly.experiment, built_.assembly.surrogates.front()->view, inputs_);
  }

  const at::Tensor& x() const { return subjects_.pixels; }
  ChainObjective objective() const { return {built_.assembly, subjects_, inputs_, {.means = means_}}; }
  double value(const at::Tensor& x) const { return objective().value(x).sum().item<double>(); }
  at::Tensor gradient(const at::Tensor& x) const { return objective().value_and_grad(x).gradient; }

 private:
  static std::int64_t embedding_length(const LoadedModel& model) {
    return model.plugin == "face_recognition" ? 128 : 1024;
  }

  /// Two made-up embeddings under each model.
  Target target(std::size_t face) const {
    Target target{"somebody", {}, {}};
    for (const LoadedModel* model : built_.assembly.surrogates) {
      if (!includes(model->provides, Field::embedding)) continue;
      const at::Tensor raw = noise({2, embedding_length(*model)}, -1, 1, 40 + face);
      target.attacked[model] = raw / raw.norm(2, 1, true);
    }
    return target;
  }

  Built built_;
  Scene scene_;
  std::vector<AttackInput> inputs_;
  Subjects subjects_;
  std::map<const LoadedModel*, at::Tensor> means_;  ///< made up
};

constexpr double tolerance = 1e-5;

/// Central differences along the gradient itself, along a random direction and at single pixels. `step` is a
/// direction's whole length: short enough that next to none of a network's rectifiers turns over on the way.
void expect_true_gradient(const std::function<double(const at::Tensor&)>& value, const at::Tensor& x,
                          const at::Tensor& gradient, double step = 3e-5) {
  ASSERT_EQ(gradient.sizes(), x.sizes());
  ASSERT_EQ(gradient.scalar_type(), at::kDouble);
  const auto difference = [&](const at::Tensor& direction) {
    const double h = step / direction.norm().item<double>();
    return (value(x + h * direction) - value(x - h * direction)) / (2 * h);
  };
  const double length = gradient.norm().item<double>();
  ASSERT_GT(length, 0);
  // Along the gradient the derivative is its length; a missing or doubled part of it shows here at once.
  EXPECT_NEAR(difference(gradient / length) / length, 1, tolerance);
  // Half of a random direction is the gradient's own signs, so that its parts do not cancel to nothing.
  const at::Tensor random = noise(x.sizes(), -1, 1, 1);
  const at::Tensor mixed = random + at::where(random > 0, gradient.sign(), at::zeros_like(gradient));
  EXPECT_NEAR(difference(mixed) / (gradient * mixed).sum().item<double>(), 1, tolerance);
  const at::Tensor flat = gradient.flatten().abs();
  const auto strongest = flat.argmax().item<std::int64_t>();
  for (const std::int64_t pixel : {strongest, (strongest + flat.numel() / 7) % flat.numel()}) {
    at::Tensor direction = at::zeros_like(x);
    direction.view({-1})[pixel] = 1;
    EXPECT_NEAR(difference(direction), gradient.flatten()[pixel].item<double>(),
                tolerance * flat[strongest].item<double>())
        << "pixel " << pixel;
  }
}

void expect_true_chain_gradient(const std::string& text) {
  const Chain chain(text);
  // Away from the clean picture, where a wrong use of what is kept of it might go unnoticed.
  const at::Tensor x = chain.x() + noise(chain.x().sizes(), -3, 3, 8);
  expect_true_gradient([&](const at::Tensor& at) { return chain.value(at); }, x, chain.gradient(x));
}

const std::string toward_somebody = "target = { choice = \"furthest\" }\n";

TEST(ChainGradient, OfDetectionWithAreaAndTanhOnTheWholePictureIsTrue) {
  expect_true_chain_gradient(experiment(
      "", "[[loss]]\nplugin = \"detection\"\nmodels = [\"ssd\"]\narea = true\nsign = \"tanh\"\n" + augmentations));
}

TEST(ChainGradient, OfDetectionWithAHardSignIsTrue) {
  expect_true_chain_gradient(experiment("", "[[loss]]\nplugin = \"detection\"\nmodels = [\"ssd\"]\n"));
}

TEST(ChainGradient, OfDetectionWithAHardSignAndAreaIsTrueAfterChangesToThePicture) {
  expect_true_chain_gradient(experiment("",
                                        "[[loss]]\nplugin = \"detection\"\nmodels = [\"ssd\"]\narea = true\n"
                                        "[[augment]]\nplugin = \"random_crop\"\nat = \"picture\"\n"));
}

TEST(ChainGradient, OfSimilarityOnTheWholePictureIsTrue) {
  expect_true_chain_gradient(experiment(
      toward_somebody, "[[loss]]\nplugin = \"similarity\"\nmodels = [\"dlib\", \"faceres\"]\n" + augmentations));
}

TEST(ChainGradient, OfSimilarityOnTheWholePictureIsTrueAfterChangesToThePicture) {
  expect_true_chain_gradient(experiment(toward_somebody,
                                        "[[loss]]\nplugin = \"similarity\"\nmodels = [\"dlib\"]\nweight = 3.5\n"
                                        "[[augment]]\nplugin = \"random_crop\"\nat = \"picture\"\ndraws = 2\n"
                                        "[[augment]]\nplugin = \"random_scale\"\nat = \"picture\"\n"));
}

TEST(ChainGradient, OfSimilarityOnCropsIsTrueForFaceRecognition) {
  expect_true_chain_gradient(experiment("subject = \"crop\"\n" + toward_somebody,
                                        "[[loss]]\nplugin = \"similarity\"\nmodels = [\"dlib\"]\n" + augmentations));
}

TEST(ChainGradient, OfSimilarityOnCropsIsTrueForFaceres) {
  expect_true_chain_gradient(experiment("subject = \"crop\"\n" + toward_somebody,
                                        "[[loss]]\nplugin = \"similarity\"\nmodels = [\"faceres\"]\n" + augmentations));
}

TEST(ChainGradient, OfLossesTowardSomebodyAndAwayFromOneselfIsTrueWhereTheyCentre) {
  expect_true_chain_gradient(
      experiment("subject = \"crop\"\n" + toward_somebody,
                 "[[loss]]\nplugin = \"push_pull\"\nmodels = [\"dlib\"]\ncentre = true\n"
                 "[[loss]]\nplugin = \"triplet\"\nmodels = [\"dlib\"]\ncentre = true\nmargin = 1.0\n"
                 "[[loss]]\nplugin = \"dodging\"\nmodels = [\"dlib\"]\ncentre = true\nweight = 0.5\n" +
                     augmentations));
}

TEST(ChainGradient, OfCopiesOfTheSubjectsIsEachCopysOwn) {
  Chain chain(
      experiment("subject = \"crop\"\n" + toward_somebody, "[[loss]]\nplugin = \"similarity\"\nmodels = [\"dlib\"]\n"));
  // Without augmentations a copy's gradient is that of its pixels alone.
  const at::Tensor shifted = (chain.x() + noise(chain.x().sizes(), -3, 3, 8));
  const at::Tensor copies = at::stack({chain.x()[0], shifted[0], chain.x()[1], shifted[1]});
  const at::Tensor together = chain.gradient(copies);
  const at::Tensor plain = chain.gradient(chain.x()), moved = chain.gradient(shifted);
  EXPECT_LT(largest_difference(together, at::stack({plain[0], moved[0], plain[1], moved[1]})),
            1e-9 * plain.abs().max().item<double>());
}

TEST(Chain, AddsUpFacesAndLossesAndAveragesDrawsAndModels) {
  const std::string one = "[[loss]]\nplugin = \"similarity\"\nmodels = [\"dlib\"]\n";
  const Chain dlib(experiment(toward_somebody, one));
  const Chain faceres(experiment(toward_somebody, "[[loss]]\nplugin = \"similarity\"\nmodels = [\"faceres\"]\n"));
  const Chain crops(experiment("subject = \"crop\"\n" + toward_somebody, one));
  const Chain both(
      experiment(toward_somebody, "[[loss]]\nplugin = \"similarity\"\nmodels = [\"dlib\", \"faceres\"]\n"));
  const Chain added(
      experiment(toward_somebody, one + "[[loss]]\nplugin = \"similarity\"\nmodels = [\"faceres\"]\nweight = 2\n"));
  const Chain drawn(
      experiment(toward_somebody, one + "[[augment]]\nplugin = \"uniform_noise\"\namplitude = 0\ndraws = 3\n"));
  const double a = dlib.value(dlib.x()), b = faceres.value(faceres.x());
  EXPECT_NEAR(crops.value(crops.x()), a, 1e-9);  // two subjects of one face each, and one subject of two faces
  EXPECT_NEAR(both.value(both.x()), (a + b) / 2, 1e-9);
  EXPECT_NEAR(added.value(added.x()), a + 2 * b, 1e-9);
  EXPECT_NEAR(drawn.value(drawn.x()), a, 1e-9);
}

TEST(Chain, AFaceThatADrawDoesNotShowAddsNothing) {
  const std::string one = "[[loss]]\nplugin = \"similarity\"\nmodels = [\"dlib\"]\n";
  const auto cropped = [&](double side, int draws) {
    return Chain(experiment(toward_somebody, one + "[[augment]]\nplugin = \"random_crop\"\nat = \"picture\"\nlow = " +
                                                 std::to_string(side) + "\nhigh = " + std::to_string(side) +
                                                 "\ndraws = " + std::to_string(draws) + "\n"));
  };
  // A twentieth of the picture shows a part of one face, or none.
  const Chain tiny = cropped(.05, 1);
  int none = 0;
  ChainObjective objective = tiny.objective();
  for ([[maybe_unused]] const auto step : objective.steps(12)) {
    const Evaluation evaluation = objective.value_and_grad(tiny.x());
    if (evaluation.value.item<double>() != 0) continue;
    ++none;
    EXPECT_EQ(evaluation.gradient.abs().max().item<double>(), 0);
  }
  EXPECT_GT(none, 0);
  EXPECT_LT(none, 12);
}

TEST(Chain, DrawsTheSameNumbersAgainButOthersForEachStepAndEvaluation) {
  const Chain chain(
      experiment(toward_somebody, "[[loss]]\nplugin = \"similarity\"\nmodels = [\"dlib\"]\n" + augmentations));
  const auto values = [&] {
    std::vector<double> all;
    ChainObjective objective = chain.objective();
    all.push_back(objective.value(chain.x()).item<double>());
    for ([[maybe_unused]] const auto step : objective.steps(2)) {
      all.push_back(objective.value(chain.x()).item<double>());
      all.push_back(objective.value(chain.x()).item<double>());
    }
    for ([[maybe_unused]] const auto step : objective.steps(1)) {
      all.push_back(objective.value(chain.x()).item<double>());
    }
    return all;
  };
  const std::vector<double> first = values();
  EXPECT_EQ(first, values());
  EXPECT_EQ(std::set<double>(first.begin(), first.end()).size(), 6U);
}

// ------------------------------------------------------------------------------------------------------------- views

const std::vector<Crop> crops = {WholePicture{}, BoxCrop{},  BoxCrop{.scale = .91, .down = .057},
                                 PaddedBox{},    DlibRect{}, FivePoints{}};

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
      if (std::holds_alternative<WholePicture>(crop)) break;
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
    EXPECT_LT(largest_difference(legacy_bilinear(30, out, 0, 30).weight.sum(1), at::ones({out}, at::kDouble)), 1e-12);
  }
}

// ------------------------------------------------------------------------------------------------------------ layers

using layers::Activation;
using layers::Padding;

struct Shape {
  std::int64_t height, width, kernel, stride;
};

const std::vector<Shape> shapes = {{5, 7, 3, 1}, {6, 6, 3, 1}, {5, 7, 3, 2}, {6, 8, 3, 2},  {7, 6, 3, 2},
                                   {8, 9, 1, 1}, {8, 9, 1, 2}, {9, 8, 2, 2}, {9, 11, 7, 2}, {10, 12, 5, 3}};

/// Where TensorFlow's SAME begins to read, and how much comes out.
std::int64_t same_size(std::int64_t in, std::int64_t stride) {
  return (in + stride - 1) / stride;
}
std::int64_t same_start(std::int64_t in, std::int64_t kernel, std::int64_t stride) {
  return -(std::max<std::int64_t>((same_size(in, stride) - 1) * stride + kernel - in, 0) / 2);
}

/// Visits every output position's inputs: work(row, column, kernel row, kernel column, input row, input column), only
/// where the input has such a pixel.
template <class Work>
void visit(const Shape& s, Padding padding, std::int64_t& height, std::int64_t& width, const Work& work) {
  const bool same = padding == Padding::same;
  height = same ? same_size(s.height, s.stride) : (s.height - s.kernel) / s.stride + 1;
  width = same ? same_size(s.width, s.stride) : (s.width - s.kernel) / s.stride + 1;
  const std::int64_t top = same ? same_start(s.height, s.kernel, s.stride) : 0;
  const std::int64_t left = same ? same_start(s.width, s.kernel, s.stride) : 0;
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      for (std::int64_t i = 0; i < s.kernel; ++i) {
        for (std::int64_t j = 0; j < s.kernel; ++j) {
          const std::int64_t row = top + y * s.stride + i, column = left + x * s.stride + j;
          if (row >= 0 && row < s.height && column >= 0 && column < s.width) work(y, x, i, j, row, column);
        }
      }
    }
  }
}

/// A convolution as its definition says it, sum by sum.
at::Tensor convolve_by_hand(const at::Tensor& input, const at::Tensor& weight, const at::Tensor& bias, const Shape& s,
                            Padding padding, bool depthwise) {
  const std::int64_t batch = input.size(0), outputs = weight.size(0), inputs = weight.size(1);
  std::int64_t height = 0, width = 0;
  visit(s, padding, height, width, [](auto...) {});
  at::Tensor out = at::zeros({batch, outputs, height, width}, at::kDouble);
  auto to = out.accessor<double, 4>();
  const auto from = input.accessor<double, 4>(), by = weight.accessor<double, 4>();
  visit(s, padding, height, width, [&](auto y, auto x, auto i, auto j, auto row, auto column) {
    for (std::int64_t b = 0; b < batch; ++b) {
      for (std::int64_t o = 0; o < outputs; ++o) {
        for (std::int64_t c = 0; c < inputs; ++c)
          to[b][o][y][x] += by[o][c][i][j] * from[b][depthwise ? o : c][row][column];
      }
    }
  });
  return bias.defined() ? out + bias.view({1, -1, 1, 1}) : out;
}

TEST(Layers, ConvolutionsAreWhatTheirDefinitionSays) {
  for (const Shape& s : shapes) {
    for (const bool depthwise : {false, true}) {
      for (const Padding padding : {Padding::same, Padding::valid}) {
        const at::Tensor input = noise({2, 3, s.height, s.width}, -1, 1, 1);
        const at::Tensor weight = noise({depthwise ? 3 : 4, depthwise ? 1 : 3, s.kernel, s.kernel}, -1, 1, 2);
        const at::Tensor bias = noise({weight.size(0)}, -1, 1, 3);
        const at::Tensor expected = convolve_by_hand(input, weight, bias, s, padding, depthwise);
        const layers::ConvOptions options{.stride = s.stride, .padding = padding, .depthwise = depthwise};
        SCOPED_TRACE(c10::str(s.height, "x", s.width, " kernel ", s.kernel, " stride ", s.stride,
                              padding == Padding::same ? " same" : " valid", depthwise ? " depthwise" : ""));
        const layers::Conv2d convolution(weight, bias, options);
        EXPECT_LT(largest_difference(convolution(input), expected), 1e-12);
        EXPECT_LT(largest_difference(convolution(input.contiguous(at::MemoryFormat::ChannelsLast)), expected), 1e-12);
        EXPECT_LT(largest_difference(layers::Conv2d(weight, {}, options)(input),
                                     convolve_by_hand(input, weight, {}, s, padding, depthwise)),
                  1e-12);
        // In the precision that attacks run in, which takes other code.
        const layers::Conv2d single(weight.to(at::kFloat), bias.to(at::kFloat), options);
        EXPECT_LT(largest_difference(single(input.to(at::kFloat)), expected), 1e-5);
      }
    }
  }
}

TEST(Layers, ConvolutionsAddTheResidualBeforeTheirActivation) {
  const at::Tensor input = noise({2, 3, 6, 7}, -1, 1, 1), weight = noise({3, 3, 3, 3}, -9, 9, 2);
  const at::Tensor residual = noise({2, 3, 6, 7}, -5, 5, 3);
  const at::Tensor plain = convolve_by_hand(input, weight, {}, {6, 7, 3, 1}, Padding::same, false);
  for (const auto& [activation, low, high] :
       {std::tuple(Activation::none, -1e9, 1e9), std::tuple(Activation::relu, 0., 1e9),
        std::tuple(Activation::relu6, 0., 6.)}) {
    const layers::Conv2d convolution(weight, {}, {.activation = activation});
    EXPECT_LT(largest_difference(convolution(input), plain.clamp(low, high)), 1e-12);
    EXPECT_LT(largest_difference(convolution(input, residual), (plain + residual).clamp(low, high)), 1e-12);
  }
  ASSERT_GT(plain.max().item<double>(), 6);
  ASSERT_LT(plain.min().item<double>(), 0);
}

TEST(Layers, FoldedBatchNormIsBatchNormAfterTheConvolution) {
  const at::Tensor input = noise({2, 3, 6, 7}, -1, 1, 1), weight = noise({4, 3, 3, 3}, -1, 1, 2);
  const at::Tensor gamma = noise({4}, .5, 2, 3), beta = noise({4}, -1, 1, 4), mean = noise({4}, -1, 1, 5);
  const at::Tensor variance = noise({4}, .1, 3, 6);
  for (const at::Tensor& bias : {at::Tensor(), noise({4}, -1, 1, 7)}) {
    const layers::Folded folded = layers::fold_batch_norm(weight, bias, gamma, beta, mean, variance, 1e-3);
    const at::Tensor expected =
        at::batch_norm(convolve_by_hand(input, weight, bias, {6, 7, 3, 1}, Padding::same, false), gamma, beta, mean,
                       variance, false, 0, 1e-3, false);
    EXPECT_LT(largest_difference(layers::Conv2d(folded.weight, folded.bias)(input), expected), 1e-12);
    const layers::Folded affine = layers::fold_affine(weight, bias, gamma, beta);
    const at::Tensor scaled =
        convolve_by_hand(input, weight, bias, {6, 7, 3, 1}, Padding::same, false) * gamma.view({1, -1, 1, 1}) +
        beta.view({1, -1, 1, 1});
    EXPECT_LT(largest_difference(layers::Conv2d(affine.weight, affine.bias)(input), scaled), 1e-12);
  }
}

TEST(Layers, PoolingIsWhatItsDefinitionSaysAndIgnoresThePadding) {
  for (const Shape& s : shapes) {
    for (const Padding padding : {Padding::same, Padding::valid}) {
      const at::Tensor input = noise({2, 3, s.height, s.width}, -5, -1, 1);  // a padding zero would be the largest
      std::int64_t height = 0, width = 0;
      visit(s, padding, height, width, [](auto...) {});
      at::Tensor largest = at::full({2, 3, height, width}, -1e9, at::kDouble);
      at::Tensor sum = at::zeros_like(largest), count = at::zeros({height, width}, at::kDouble);
      visit(s, padding, height, width, [&](auto y, auto x, auto, auto, auto row, auto column) {
        const at::Tensor value = input.select(2, row).select(2, column);
        largest.select(2, y).select(2, x).copy_(at::maximum(largest.select(2, y).select(2, x), value));
        sum.select(2, y).select(2, x).add_(value);
        count[y][x] += 1;
      });
      EXPECT_LT(largest_difference(layers::max_pool(input, s.kernel, s.stride, padding), largest), 1e-12);
      EXPECT_LT(largest_difference(layers::average_pool(input, s.kernel, s.stride, padding), sum / count), 1e-12);
    }
  }
}

TEST(Layers, LinearFlattenAndNormaliseAreWhatTheirNamesSay) {
  const at::Tensor input = noise({2, 3, 4, 5}, 0, 255, 1);
  const at::Tensor flat = layers::flatten_nhwc(input);
  EXPECT_EQ(flat.sizes(), (std::vector<std::int64_t>{2, 60}));
  EXPECT_EQ(flat[1][(2 * 5 + 4) * 3 + 1].item<double>(), input[1][1][2][4].item<double>());
  const at::Tensor weight = noise({7, 60}, -1, 1, 2), bias = noise({7}, -1, 1, 3);
  EXPECT_LT(largest_difference(layers::Linear(weight, bias)(flat), at::matmul(flat, weight.t()) + bias), 1e-10);
  EXPECT_LT(largest_difference(layers::Linear(weight)(flat), at::matmul(flat, weight.t())), 1e-10);
  const at::Tensor normalised = layers::normalise(input, {10, 20, 30}, 4);
  for (std::int64_t c = 0; c < 3; ++c) {
    EXPECT_LT(largest_difference(normalised.select(1, c), (input.select(1, c) - 10. * static_cast<double>(c + 1)) / 4),
              1e-12);
  }
  EXPECT_TRUE(normalised.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST(Layers, TheirWeightsAreFrozen) {
  at::Tensor weight = noise({4, 3, 3, 3}, -1, 1, 1).requires_grad_(true);
  const at::Tensor input = noise({1, 3, 5, 5}, -1, 1, 2);
  const layers::Conv2d convolution(weight, {});
  const at::Tensor before = convolution(input);
  EXPECT_FALSE(before.requires_grad());
  {
    const at::NoGradGuard no_grad;
    weight.zero_();
  }
  EXPECT_TRUE(same_bits(convolution(input), before));
}

TEST(Layers, HaveTheGradientThatCentralDifferencesGive) {
  const at::Tensor input = noise({2, 3, 7, 8}, -1, 1, 1);
  const auto check = [&](const std::function<at::Tensor(const at::Tensor&)>& layer) {
    const at::Tensor weights = noise(layer(input).sizes(), -1, 1, 9);
    const auto value = [&](const at::Tensor& x) { return (layer(x) * weights).sum(); };
    const at::Tensor variable = input.clone().requires_grad_(true);
    expect_true_gradient([&](const at::Tensor& x) { return value(x).item<double>(); }, input,
                         torch::autograd::grad({value(variable)}, {variable}).front(), 1e-6);
  };
  const at::Tensor weight = noise({3, 3, 3, 3}, -1, 1, 2), bias = noise({3}, -1, 1, 3);
  for (const std::int64_t stride : {1, 2}) {
    check(layers::Conv2d(weight, bias, {.stride = stride, .activation = Activation::relu6}));
    check(layers::Conv2d(noise({3, 1, 3, 3}, -1, 1, 4), bias,
                         {.stride = stride, .activation = Activation::relu, .depthwise = true}));
    check([&](const at::Tensor& x) { return layers::max_pool(x, 3, stride, Padding::same); });
    check([&](const at::Tensor& x) { return layers::average_pool(x, 3, stride, Padding::same); });
  }
  const layers::Conv2d residual(weight, bias, {.activation = Activation::relu});
  check([&](const at::Tensor& x) { return residual(x, x); });
}

}  // namespace
}  // namespace faceoff
