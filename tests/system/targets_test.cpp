// Whom a face is to be taken for, who judges, and what variants a run has.
#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <toml++/toml.h>

#include <map>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "pictures.hpp"
#include "program.hpp"
#include "run_folder.hpp"

namespace system_test {
namespace {

class TargetsAndVariants : public RunFolder {};

TEST_F(TargetsAndVariants, TargetsByNameByPhotosAndByChance) {
  save("small.png", small_picture());
  save("other.png", other_small_picture());
  const std::vector<Json> all =
      items(impersonate("[\"small.png\"]"),
            {"--set", "optimizer.steps=1", "--set",
             "sweep={\"attack.target\"=[{choice=\"named\", name=\"other/1\"}, {choice=\"photos\", "
             "photos=[\"other.png\", \"small.png\"]}, {choice=\"random\"}, {choice=\"photos\", "
             "photos=[\"small.png\", \"other.png\"]}]}"});
  ASSERT_EQ(all.size(), 4U);
  const auto face = [&](std::size_t i) { return all[i]["faces"][0]; };
  EXPECT_EQ(face(0)["target"], "other/1");
  for (const std::size_t photos : {1U, 3U})
    EXPECT_TRUE(face(photos)["target"].is_null()) << "nobody is taken for oneself, whom one of the photos shows";
  EXPECT_EQ(face(2)["target"], "other/1");
  const auto before = [&](std::size_t i) { return face(i)["models"][0]["target"][0].get<double>(); };
  EXPECT_EQ(before(2), before(0));

  const Outcome unknown = run_faceoff(
      {"run", "x.toml", "--out", "other", "--set", "attack.target={choice=\"named\",name=\"othr/1\"}"}, folder_.path());
  EXPECT_EQ(unknown.code, 2);
  EXPECT_TRUE(contains(unknown.err, "nobody is named 'othr/1' in [data] people; did you mean 'other/1'?"))
      << unknown.err;
  EXPECT_FALSE(fs::exists(folder_ / "other"));
  const Outcome swept = run_faceoff(
      {"run", "x.toml", "--out", "other", "--set",
       "sweep={\"attack.target\"=[{choice=\"named\",name=\"other/1\"},{choice=\"named\",name=\"othr/1\"}]}"},
      folder_.path());
  EXPECT_EQ(swept.code, 2) << "people who were read for the first variant are there for the second as well";
  EXPECT_TRUE(contains(swept.err, "nobody is named 'othr/1' in [data] people")) << swept.err;
  EXPECT_FALSE(fs::exists(folder_ / "other"));
}

TEST_F(TargetsAndVariants, NobodyIsTakenForSomebodyOnTheSamePicture) {
  save("small.png", small_picture());
  save("other.png", other_small_picture());
  const Outcome outcome = run(call(impersonate("[\"other.png\", \"small.png\"]"), {"--set", "optimizer.steps=1"}));
  EXPECT_EQ(outcome.code, 1);
  const std::vector<Json> all = results(folder_ / "run");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0]["status"], "failed");
  EXPECT_EQ(all[0]["error"], "nobody is left to be taken for: everybody in [data] people is on this picture");
  EXPECT_EQ(all[1]["status"], "attacked");
}

TEST_F(TargetsAndVariants, AJudgeOfTheSurrogatesFamilyIsRelated) {
  save("small.png", small_picture());
  save("other.png", other_small_picture());
  const std::vector<Json> all = items(
      impersonate("[\"small.png\"]"),
      {"--set", "optimizer.steps=1", "--set", "models.deep={plugin=\"torchscript\", weights=\"faceres_deep.pt\"}",
       "--set", "models.same={plugin=\"torchscript\"}", "--set", "evaluate.models=[\"deep\", \"same\", \"dlib\"]"});
  ASSERT_EQ(all.size(), 1U);
  std::map<std::string, std::string> roles;
  for (const Json& said : all[0]["faces"][0]["models"]) roles[said["name"]] = said["role"];
  EXPECT_EQ(roles, (std::map<std::string, std::string>{
                       {"faceres", "surrogate"}, {"deep", "related"}, {"same", "related"}, {"dlib", "held_out"}}));
}

TEST_F(TargetsAndVariants, DetectorsAreAttackedTogetherAndJudgeToo) {
  save("small.png", small_picture());
  const std::string experiment = hide("[\"small.png\"]",
                                      "[models.ssd]\nplugin = \"ssd_mobilenet_v1\"\n"
                                      "[models.mtcnn]\nplugin = \"mtcnn\"\n"
                                      "[models.again]\nplugin = \"ssd_mobilenet_v1\"\n"
                                      "[evaluate]\nmodels = [\"mtcnn\", \"again\"]\n");
  const std::vector<Json> all = items(experiment, {"--set", "loss.0.models=[\"detector\", \"ssd\"]"});
  ASSERT_EQ(all.size(), 1U);
  ASSERT_EQ(all[0]["faces"].size(), 1U);
  const Json& face = all[0]["faces"][0];
  const std::vector<std::pair<std::string, std::string>> roles = {
      {"detector", "surrogate"}, {"ssd", "surrogate"}, {"mtcnn", "held_out"}, {"again", "related"}};
  ASSERT_EQ(face["detectors"].size(), roles.size());
  const Json environment = Json::parse(read_text(folder_ / "run" / "environment.json"));
  const Json& listed = environment["variants"]["base"]["detectors"];
  for (std::size_t i = 0; i < roles.size(); ++i) {
    SCOPED_TRACE(roles[i].first);
    const Json& said = face["detectors"][i];
    EXPECT_EQ(said["name"], roles[i].first);
    EXPECT_EQ(said["role"], roles[i].second);
    EXPECT_GT(said["score"][0].get<double>(), .5);
    EXPECT_EQ(listed[i], (Json{{"name", roles[i].first}, {"role", roles[i].second}}));
  }
  EXPECT_EQ(face["detectors"][1]["score"], face["detectors"][3]["score"]) << "the same weights saw the same picture";
  EXPECT_EQ(face["models"], Json::array());
}

TEST_F(TargetsAndVariants, AnAttackMayStopAtItsGoal) {
  save("small.png", small_picture());
  const std::string experiment = hide("[\"small.png\"]", "[attack]\nstop_at = 1000\n");
  EXPECT_EQ(run(call(experiment)).code, 1);
  const std::vector<Json> all = results(folder_ / "run");
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["status"], "unchanged");
  EXPECT_EQ(all[0]["queries"], 1) << "the goal is met at the first look";
}

TEST_F(TargetsAndVariants, ASweepIsTheProductOfItsLists) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  const std::vector<Json> all =
      items(hide("[\"none.png\"]", "[sweep]\n\"attack.epsilon\" = [4, 8]\n\"loss.0.area\" = [false, true]\n"));
  std::vector<std::string> variants;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i]["item"], i);
    variants.push_back(all[i]["variant"]);
    EXPECT_EQ(all[i]["output"], "images/" + variants.back() + "/none.png");
    EXPECT_TRUE(fs::exists(delivered(all[i])));
    EXPECT_EQ(all[i]["epsilon"], contains(variants.back(), "epsilon=4") ? 4. : 8.);
  }
  EXPECT_EQ(variants, (std::vector<std::string>{"epsilon=4,area=false", "epsilon=4,area=true", "epsilon=8,area=false",
                                                "epsilon=8,area=true"}));
}

TEST_F(TargetsAndVariants, SetTakesTheListsPlaceInASweep) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  const std::vector<Json> all =
      items(hide("[\"none.png\"]", "[sweep]\n\"attack.epsilon\" = [4, 8]\n"), {"--set", "attack.epsilon=3"});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["variant"], "base");
  EXPECT_EQ(all[0]["epsilon"], 3.0);
}

TEST_F(TargetsAndVariants, SetTakesListsTablesAndStrings) {
  save("none.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  save("with space.png", cv::Mat(40, 40, CV_8UC3, cv::Scalar(90, 120, 30)));
  const std::vector<Json> all =
      items(hide("[\"absent.png\"]"),
            {"--set", "data.pictures=[\"none.png\",\n\"with space.png\"]", "--set", "attack={epsilon=5, norm=\"two\"}",
             "--set", "name=plain", "--set", "loss.0.sign=tanh"});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[1]["picture"], "with space.png");
  EXPECT_EQ(all[1]["output"], "images/base/with space.png");
  EXPECT_EQ(all[0]["epsilon"], 5.0);
  EXPECT_EQ(all[0]["norm"], "two");
  const toml::table resolved = toml::parse(read_text(folder_ / "run" / "resolved.toml"));
  EXPECT_EQ(resolved["name"].value<std::string>(), "plain");
  EXPECT_EQ(resolved["loss"][0]["sign"].value<std::string>(), "tanh");
}

}  // namespace
}  // namespace system_test
