// Which models are attacked in bfloat16, and that they alone see anything of it.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "experiment/experiment_files.hpp"

namespace faceoff {
namespace {

using layers::Precision;

std::string experiment(const std::string& attack, const std::string& of_script = "", const std::string& of_dlib = "") {
  return "[data]\npictures = [\"models/samples/sample1.jpg\"]\n"
         "[models.ssd]\nplugin = \"ssd_mobilenet_v1\"\n"
         "[models.landmarks]\nplugin = \"face_landmark_68\"\n"
         "[models.judge]\nplugin = \"mobileface\"\n"
         "[models.script]\nplugin = \"torchscript\"\nweights = \"models/faceres.pt\"\n" +
         of_script + "[models.dlib]\nplugin = \"face_recognition\"\n" + of_dlib +
         "[faces]\ndetector = \"ssd\"\nlandmarks = \"landmarks\"\n[attack]\n" + attack +
         "[[loss]]\nplugin = \"dodging\"\nmodels = [\"script\", \"dlib\"]\n"
         "[[loss]]\nplugin = \"detection_vanish\"\nmodels = [\"ssd\"]\n"
         "[optimizer]\nplugin = \"pgd\"\n[evaluate]\nmodels = [\"judge\"]\n";
}

Precision precision(const Built& built, const std::string& model) {
  for (const LoadedModel* attacked : built.assembly.surrogates) {
    if (attacked->name == model) return attacked->precision;
  }
  throw std::out_of_range(model);
}

TEST(Precision, IsFloat32UnlessTheExperimentSaysOtherwise) {
  const Built built(experiment(""));
  for (const LoadedModel* attacked : built.assembly.surrogates) EXPECT_EQ(attacked->precision, Precision::float32);
}

TEST(Precision, OfTheAttackIsThatOfAllModelsWhoseLayersCan) {
  const Built built(experiment("precision = \"bfloat16\"\n"));
  EXPECT_EQ(precision(built, "dlib"), Precision::bfloat16);
  EXPECT_EQ(precision(built, "ssd"), Precision::bfloat16);
  EXPECT_EQ(precision(built, "script"), Precision::float32);
  ASSERT_EQ(built.pool.warnings().size(), 1U);
  EXPECT_NE(built.pool.warnings().front().find("'script' (torchscript)"), std::string::npos);
  EXPECT_EQ(built.experiments.front().models.at("judge").precision, Precision::float32);
}

TEST(Precision, OfAModelGoesBeforeThatOfTheAttack) {
  const Built narrow(experiment("", "", "precision = \"bfloat16\"\n"));
  EXPECT_EQ(precision(narrow, "dlib"), Precision::bfloat16);
  EXPECT_EQ(precision(narrow, "ssd"), Precision::float32);
  const Built wide(experiment("precision = \"bfloat16\"\n", "", "precision = \"float32\"\n"));
  EXPECT_EQ(precision(wide, "dlib"), Precision::float32);
  EXPECT_EQ(precision(wide, "ssd"), Precision::bfloat16);
}

TEST(Precision, IsRefusedWhereAModelAskedByNameCanNot) {
  const std::string text = experiment("", "precision = \"bfloat16\"\n");
  try {
    const Built built(text);
    FAIL() << "nothing was said";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.place().line, 12);
    EXPECT_NE(std::string(error.what()).find("'script' (torchscript) computes in float32 alone"), std::string::npos)
        << error.what();
  }
}

TEST(Precision, ConcernsAModelWhileItIsAttackedAlone) {
  const at::NoGradGuard no_grad;
  const Built built(experiment("precision = \"bfloat16\"\n"));
  const LoadedModel& dlib = *built.assembly.embedders.back();
  ASSERT_EQ(dlib.name, "dlib");
  const at::Tensor views = noise({1, 3, dlib.view.height, dlib.view.width}, 0, 255, 1).to(at::kFloat);
  Random random(1, {0});
  const at::Tensor attacked = forward(dlib, views, &random).embedding, judged = forward(dlib, views).embedding;
  EXPECT_EQ(attacked.scalar_type(), at::kFloat);
  EXPECT_GT(largest_difference(attacked, judged), 0);
  EXPECT_LT(largest_difference(attacked, judged), .02);
  LoadedModel exact;
  exact.name = "exact", exact.plugin = "face_recognition";
  exact.model = make<Model>("face_recognition");
  exact.provides = exact.model->provides();
  EXPECT_TRUE(same_bits(judged, forward(exact, views).embedding));
}

}  // namespace
}  // namespace faceoff
