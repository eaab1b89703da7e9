// What lies in experiments/ works, and does what it says.
#include <gtest/gtest.h>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pictures.hpp"
#include "program.hpp"

namespace system_test {
namespace {

const fs::path experiments = fs::path(FACEOFF_SOURCE_FOLDER) / "experiments";

/// In a folder from which the experiments' relative paths reach the sample photos, wherever those are.
class Experiments : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory_symlink(models_folder(), folder_ / "models");
    ASSERT_TRUE(cv::imwrite((folder_ / "small.png").string(), small_picture()));
    ASSERT_TRUE(cv::imwrite((folder_ / "other.png").string(), other_small_picture()));
  }

  Outcome run(const std::string& name, const Args& more) const {
    Args args = {"run", (experiments / (name + ".toml")).string()};
    args.insert(args.end(), more.begin(), more.end());
    return run_faceoff(args, folder_.path());
  }

  /// A run of few steps on the small picture.
  std::vector<Json> items(const std::string& name, const Args& more = {}) const {
    Args args = {"--out", "run", "--set", "data.pictures=small.png"};
    args.insert(args.end(), more.begin(), more.end());
    fs::remove_all(folder_ / "run");
    const Outcome outcome = run(name, args);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return results(folder_ / "run");
  }

  TemporaryFolder folder_;
};

TEST_F(Experiments, AreAllReadBuiltAndChecked) {
  int count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(experiments)) {
    if (entry.path().extension() != ".toml") continue;
    ++count;
    const Outcome outcome =
        run(entry.path().stem().string(), {"--dry-run", "--set", "data.pictures=small.png"});  // steps are timed
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_FALSE(outcome.out.empty()) << entry.path();
    EXPECT_TRUE(contains(outcome.err, "all: about")) << outcome.err;
  }
  EXPECT_GE(count, 10);
}

/// A cosine before and after.
struct Change {
  explicit Change(const Json& pair) : before(pair[0].get<double>()), after(pair[1].get<double>()) {}
  double before, after;
};

TEST_F(Experiments, PushPullLeadsToTheTargetAndAwayFromOneself) {
  const std::vector<Json> all = items("impersonate_push_pull", {"--set", "data.people=other.png", "--set",
                                                                "attack.epsilon=8", "--set", "optimizer.steps=12"});
  ASSERT_EQ(all.size(), 1U);
  const Json& surrogate = all[0]["faces"][0]["models"][0];
  ASSERT_EQ(surrogate["role"], "surrogate");
  const Change target(surrogate["target"]), self(surrogate["self"]);
  EXPECT_GT(target.after, target.before + .1);
  EXPECT_LT(self.after, self.before - .1);
}

TEST_F(Experiments, DodgingLeadsAwayFromOneselfWithoutATarget) {
  const Args few = {"--set", "attack.epsilon=8", "--set", "optimizer.steps=12"};
  Args centred = few;
  centred.insert(centred.end(), {"--set", "loss.0.centre=true", "--set", "data.people=models/samples/sample2.jpg"});
  std::set<double> after;
  for (const Args& sets : {few, centred}) {
    const std::vector<Json> all = items("dodge", sets);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_TRUE(all[0]["faces"][0]["target"].is_null());
    const Json& surrogate = all[0]["faces"][0]["models"][0];
    const Change self(surrogate["self"]);
    EXPECT_LT(self.after, self.before - .2);
    after.insert(self.after);
  }
  EXPECT_EQ(after.size(), 2U) << "the people's mean counts for nothing";
}

TEST_F(Experiments, CentringTakesMoreThanOnePerson) {
  const Outcome outcome = run("dodge", {"--out", "run", "--set", "data.pictures=small.png", "--set",
                                        "loss.0.centre=true", "--set", "data.people=other.png"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(contains(outcome.err, "only one person on the pictures of people")) << outcome.err;
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(Experiments, AListOfTargetsGivesEachFaceItsOwn) {
  ASSERT_TRUE(cv::imwrite((folder_ / "small.png").string(), two_small_faces()));
  const Args few = {
      "--set", "optimizer.steps=1", "--set", "attack.epsilon=8", "--set", "data.people=models/samples/sample3.jpg",
      "--set"};
  Args two = few, three = few;
  two.emplace_back("attack.target=[{choice=\"named\",name=\"sample3/2\"},{choice=\"photos\",photos=\"other.png\"}]");
  three.emplace_back("attack.target=[{choice=\"nearest\"},{choice=\"nearest\"},{choice=\"nearest\"}]");
  const std::vector<Json> all = items("impersonate_picture", two);
  ASSERT_EQ(all.size(), 1U);
  ASSERT_EQ(all[0]["faces"].size(), 2U);
  EXPECT_LT(all[0]["faces"][0]["box"][0], all[0]["faces"][1]["box"][0]);
  EXPECT_EQ(all[0]["faces"][0]["target"], "sample3/2");
  EXPECT_EQ(all[0]["faces"][1]["target"], "(photos 2)");

  // Its resolved.toml says the same.
  const Outcome again = run_faceoff({"run", "run/resolved.toml", "--out", "again"}, folder_.path());
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(timeless(results(folder_ / "again").at(0)), timeless(all[0]));

  fs::remove_all(folder_ / "run");
  Args args = {"--out", "run", "--set", "data.pictures=small.png"};
  args.insert(args.end(), three.begin(), three.end());
  const Outcome outcome = run("impersonate_picture", args);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(contains(outcome.err, "has 3 targets, one a face, and the picture has 2 faces")) << outcome.err;
}

TEST_F(Experiments, ByGainAFaceIsLedToWhomItComesNearestTo) {
  const std::vector<Json> all =
      items("impersonate_picture",
            {"--set", "attack.target={choice=\"gain\",candidates=3}", "--set", "data.people=models/samples/sample2.jpg",
             "--set", "loss.0.plugin=target_gain", "--set", "attack.epsilon=8", "--set", "optimizer.steps=4"});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["status"], "attacked");
  const Json& face = all[0]["faces"][0];
  EXPECT_TRUE(contains(face["target"], "sample2/")) << face;
  const Change toward(face["models"][0]["target"]);
  EXPECT_GT(toward.after, toward.before);
}

/// What an item says of a face's models in a role.
std::vector<Json> in_role(const Json& models, const std::string& role) {
  std::vector<Json> some;
  for (const Json& model : models)
    if (model["role"] == role) some.push_back(model);
  return some;
}

TEST_F(Experiments, ThePresetsAgainstRecognisersLeadTheFaceForAllThatAreAttacked) {
  const Args few = {"--set", "data.people=models/samples/sample2.jpg", "--set", "optimizer.steps=12"};
  for (const std::string preset : {"strong_impersonation", "strong_protection"}) {
    SCOPED_TRACE(preset);
    const std::vector<Json> all = items(preset, few);
    ASSERT_EQ(all.size(), 1U);
    const Json& models = all[0]["faces"][0]["models"];
    const std::vector<Json> surrogates = in_role(models, "surrogate"), judges = in_role(models, "held_out");
    ASSERT_EQ(surrogates.size(), 4U);
    ASSERT_EQ(judges.size(), 1U);
    EXPECT_EQ(judges[0]["name"], "face_recognition");
    for (const Json& one : surrogates) {
      SCOPED_TRACE(one["name"]);
      const Change target(one["target"]), self(one["self"]);
      EXPECT_LT(self.after, self.before - .1);
      EXPECT_GT(target.after - self.after, target.before - self.before + .2);
      EXPECT_FALSE(one["dodged"].is_null()) << "the shipped thresholds hold for it";
    }
  }
}

TEST_F(Experiments, HidingFromDetectorsHidesFromAllThatAreAttacked) {
  const std::vector<Json> all =
      items("hide_from_detectors", {"--set", "optimizer.steps=12", "--set", "attack.epsilon=16"});
  ASSERT_EQ(all.size(), 1U);
  const Json& detectors = all[0]["faces"][0]["detectors"];
  const std::vector<Json> attacked = in_role(detectors, "surrogate"), judges = in_role(detectors, "held_out");
  ASSERT_EQ(attacked.size(), 6U);
  ASSERT_EQ(judges.size(), 1U);
  EXPECT_EQ(judges[0]["name"], "haar_cascade");
  for (const Json& one : attacked) EXPECT_LT(Change(one["score"]).after, Change(one["score"]).before) << one;
}

TEST_F(Experiments, ProtectHidesAFaceAndLeadsItAwayFromItself) {
  const std::vector<Json> all = items("protect", {"--set", "data.people=models/samples/sample2.jpg", "--set",
                                                  "optimizer.steps=12", "--set", "attack.epsilon=16"});
  ASSERT_EQ(all.size(), 1U);
  const Json& face = all[0]["faces"][0];
  ASSERT_EQ(in_role(face["detectors"], "surrogate").size(), 1U);
  const Change score(in_role(face["detectors"], "surrogate")[0]["score"]);
  EXPECT_LT(score.after, score.before);
  for (const Json& one : in_role(face["models"], "surrogate")) {
    if (one["self"][1].is_null()) continue;  // not found any more
    EXPECT_LT(Change(one["self"]).after, Change(one["self"]).before) << one;
  }
}

TEST_F(Experiments, OtherPeoplesPhotosAreMixedIn) {
  const Args mixing = {"--set", "augment=[{plugin=\"admix\",people=2,scales=1}]",
                       "--set", "sweep={}",
                       "--set", "attack.epsilon=8",
                       "--set", "optimizer.steps=2"};
  const auto with = [&](const std::string& people) {
    Args args = mixing;
    args.insert(args.end(), {"--set", "data.people=" + people});
    return args;
  };
  const std::string by_one = items("impersonate_picture", with("models/samples/sample2.jpg"))[0]["output_sha256"],
                    by_others = items("impersonate_picture", with("models/samples/sample3.jpg"))[0]["output_sha256"];
  EXPECT_NE(by_one, by_others);

  const Outcome made = run_faceoff({"embed", "models/samples/sample2.jpg", "-o", "people.safetensors", "--model",
                                    "faceres", "--model", "face_recognition"},
                                   folder_.path());
  ASSERT_EQ(made.code, 0) << made.err;
  Args args = with("people.safetensors");
  args.insert(args.end(), {"--out", "refused", "--set", "data.pictures=small.png"});
  const Outcome refused = run("impersonate_picture", args);
  EXPECT_EQ(refused.code, 2);
  EXPECT_TRUE(contains(refused.err, "no photos to mix in")) << refused.err;
}

TEST_F(Experiments, NobodyIsTheirOwnTarget) {
  for (const char* person : {"ann", "bea"}) fs::create_directories(folder_ / "people" / person);
  ASSERT_TRUE(cv::imwrite((folder_ / "people/ann/1.png").string(), small_picture()));
  ASSERT_TRUE(cv::imwrite((folder_ / "people/bea/1.png").string(), other_small_picture()));
  // Another file of a person that people shows.
  fs::create_directories(folder_ / "new/ann");
  ASSERT_TRUE(cv::imwrite((folder_ / "new/ann/2.png").string(), small_picture() * .9));
  const std::vector<Json> all =
      items("impersonate_picture",
            {"--set", "data.pictures=new/ann/2.png", "--set", "data.people=people", "--set",
             "attack.target={choice=\"nearest\"}", "--set", "attack.epsilon=8", "--set", "optimizer.steps=1"});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0]["faces"][0]["target"], "bea");
}

TEST_F(Experiments, OtherPhotosOfThePersonCountBesideTheOneThatIsAttacked) {
  for (const char* person : {"ann", "bea"}) fs::create_directories(folder_ / "people" / person);
  ASSERT_TRUE(cv::imwrite((folder_ / "people/ann/1.png").string(), small_picture()));
  ASSERT_TRUE(cv::imwrite((folder_ / "people/bea/1.png").string(), other_small_picture()));
  const auto away_from = [&](const std::string& own) {
    return items("dodge", {"--set", "data.pictures=people/ann/1.png", "--set", "data.people=people", "--set",
                           "sweep={}", "--set", "attack.epsilon=8", "--set", "optimizer.steps=2", "--set",
                           "attack.own=" + own})[0]["output_sha256"];
  };
  const Json by_face = away_from("face");
  EXPECT_EQ(away_from("photos"), by_face) << "ann has no other photo";
  // Every other photo is one that attacks may look at.
  for (const int photo : {2, 3, 4}) {
    const fs::path file = folder_ / "people/ann" / (std::to_string(photo) + ".png");
    ASSERT_TRUE(cv::imwrite(file.string(), small_picture() * (1 - .05 * photo)));
  }
  EXPECT_EQ(away_from("face"), by_face);
  EXPECT_NE(away_from("photos"), by_face);
}

TEST_F(Experiments, NoTwoDrawsAreTheSamePersonUntilAllWereDrawn) {
  const Args few = {
      "--set", "optimizer.steps=1", "--set", "attack.epsilon=8", "--set", "data.people=models/samples/sample2.jpg",
      "--set"};
  const auto drawn = [&](const std::string& target) {
    Args sets = few;
    sets.push_back(target);
    std::vector<std::string> names;
    for (const Json& item : items("impersonate_table", sets)) names.push_back(item["faces"][0]["target"]);
    return names;
  };
  std::string sweep = "sweep={\"attack.target\"=[";
  for (const char* draw : {"1", "2", "3", "4"}) sweep += std::string("{choice=\"random\", draw=") + draw + "},";
  const std::vector<std::string> names = drawn(sweep + "]}");
  ASSERT_EQ(names.size(), 4U);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 3U) << "sample2 shows three people";
  EXPECT_EQ(names[3], names[0]);
  EXPECT_EQ(drawn("attack.target={choice=\"random\"}"), std::vector<std::string>{names[0]});
}

/// A variant's items, by its name.
std::map<std::string, Json> by_variant(const std::vector<Json>& items) {
  std::map<std::string, Json> all;
  for (const Json& item : items) all[item["variant"]] = item;
  return all;
}

TEST_F(Experiments, TheLossesThatAreComparedAreFourDifferentOnes) {
  const std::map<std::string, Json> all =
      by_variant(items("compare_losses", {"--set", "sweep.\"attack.epsilon\"=[4]", "--set", "optimizer.steps=4"}));
  ASSERT_EQ(all.size(), 4U);
  std::set<double> lengths;
  for (const char* loss : {"score", "score_smooth", "area", "area_smooth"}) {
    ASSERT_TRUE(all.contains(std::string("epsilon=4,") + loss)) << loss;
    const Json& detectors = all.at(std::string("epsilon=4,") + loss)["faces"][0]["detectors"];
    ASSERT_EQ(detectors.size(), 3U) << "the attacked one and two judges";
    EXPECT_EQ(detectors[0]["role"], "surrogate");
    for (const std::size_t judge : {1U, 2U}) EXPECT_EQ(detectors[judge]["role"], "held_out");
    lengths.insert(all.at(std::string("epsilon=4,") + loss)["l2"].get<double>());
  }
  EXPECT_EQ(lengths.size(), 4U) << "each changes the picture in its own way";
  const Outcome compared = run_faceoff({"compare", "run", "--by", "loss"}, folder_.path());
  EXPECT_EQ(compared.code, 0) << compared.err;
  for (const char* line : {"\n    score ", "\n    score_smooth ", "\n    area ", "\n    area_smooth "})
    EXPECT_TRUE(contains(compared.out, line)) << compared.out;
}

TEST_F(Experiments, EveryLossOnADetectorChangesThePictureInItsOwnWay) {
  const std::map<std::string, Json> all = by_variant(items("compare_detection_losses", {"--set", "optimizer.steps=3"}));
  ASSERT_EQ(all.size(), 8U);
  std::set<double> lengths;
  for (const auto& [variant, item] : all) {
    EXPECT_EQ(item["status"], "attacked") << variant;
    lengths.insert(item["l2"].get<double>());
  }
  EXPECT_EQ(lengths.size(), 8U);
}

TEST_F(Experiments, TheObjectivesThatAreComparedHaveOneTargetOnBothSubjects) {
  const Args few = {"--set", "data.people=models/samples/sample2.jpg",
                    "--set", "sweep.\"attack.epsilon\"=[8]",
                    "--set", "optimizer.steps=2"};
  const std::map<std::string, Json> all = by_variant(items("compare_objectives", few));
  ASSERT_EQ(all.size(), 10U);
  std::set<std::string> targets;
  std::set<double> cosines;
  for (const char* loss : {"similarity", "dodging", "triplet", "push_pull", "push_pull_centred"}) {
    for (const char* subject : {"picture", "crop"}) {
      const std::string variant = std::string("epsilon=8,") + loss + "," + subject;
      ASSERT_TRUE(all.contains(variant)) << variant;
      const Json& face = all.at(variant)["faces"][0];
      targets.insert(face["target"].get<std::string>());
      cosines.insert(face["models"][0]["target"][1].get<double>());
      EXPECT_EQ(face["models"][1]["role"], "held_out");
    }
  }
  EXPECT_EQ(targets.size(), 1U) << "dodging has it, too, to be compared with the others";
  EXPECT_EQ(cosines.size(), 8U) << "all differ, but triplet is push_pull until the target is nearer by its margin";
  for (const auto& [by, line] : {std::pair("loss", "\n    push_pull "), std::pair("subject", "\n    crop ")}) {
    const Outcome compared = run_faceoff({"compare", "run", "--by", by}, folder_.path());
    EXPECT_EQ(compared.code, 0) << compared.err;
    EXPECT_TRUE(contains(compared.out, line)) << compared.out;
  }
}

// compare_objectives has no mask, since a crop takes none, and says that it needs none.
TEST_F(Experiments, WithoutAMaskNothingButTheSurrogatesViewChanges) {
  const Args few = {"--set", "sweep={}",
                    "--set", "attack.subject=picture",
                    "--set", "data.people=models/samples/sample2.jpg",
                    "--set", "loss=[{plugin=\"dodging\",models=[\"faceres\"]}]",
                    "--set", "optimizer.steps=3"};
  Args masked = few;
  masked.insert(masked.end(), {"--set", "attack.mask=faces"});
  const std::vector<Json> free = items("compare_objectives", few), squares = items("compare_objectives", masked);
  ASSERT_EQ(free.size(), 1U);
  EXPECT_LT(free[0]["changed"], .9) << "there is a rest to leave alone";
  EXPECT_NEAR(free[0]["changed"].get<double>(), squares[0]["changed"].get<double>(), .01);
  EXPECT_NEAR(free[0]["psnr"].get<double>(), squares[0]["psnr"].get<double>(), .1);
}

}  // namespace
}  // namespace system_test
