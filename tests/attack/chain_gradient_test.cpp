// The gradient of everything between the subject and the loss, against central differences in double.
#include <ATen/ATen.h>

#include <map>
#include <set>

#include "attack/objective.hpp"
#include "attack/subject.hpp"
#include "experiment/experiment_files.hpp"
#include "faces/faces.hpp"
#include "faces/gallery.hpp"
#include "faces/targets.hpp"
#include "faces/views.hpp"
#include "gradients.hpp"
#include "picture/picture.hpp"

namespace faceoff {
namespace {

/// A picture, small enough for double precision on one thread, with two faces as good as any.
struct Scene {
  at::Tensor picture;
  std::vector<Face> faces;
};

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
         "[models.tiny]\nplugin = \"tiny_face_detector\"\n"
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
    AttackInput input{scene_.picture, scene_.faces, {}, {}, false, 17};
    if (!built_.assembly.experiment.targets.empty()) {
      for (std::size_t f = 0; f < scene_.faces.size(); ++f) input.targets.push_back({target(f)});
    }
    inputs_.push_back(std::move(input));
    subjects_ = make_subjects(built_.assembly, inputs_);
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
    Target target{"somebody", {}};
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
  expect_true_chain_gradient(experiment("", "[[loss]]\nplugin = \"detection\"\nmodels = [\"tiny\"]\n"));
}

TEST(ChainGradient, OfDetectionWithAHardSignAndAreaIsTrueAfterChangesToThePicture) {
  expect_true_chain_gradient(experiment("",
                                        "[[loss]]\nplugin = \"detection\"\nmodels = [\"tiny\"]\narea = true\n"
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

TEST(ChainGradient, OfSimilarityOnCropsIsTrue) {
  expect_true_chain_gradient(experiment("subject = \"crop\"\n" + toward_somebody,
                                        "[[loss]]\nplugin = \"similarity\"\nmodels = [\"dlib\"]\n" + augmentations));
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

}  // namespace
}  // namespace faceoff
