// Whom a face is to be taken for.
#include "faces/targets.hpp"

#include <set>

#include "faces/people.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

using Choice = TargetConfig::Choice;

TargetConfig config(Choice choice, const std::string& name = "") {
  TargetConfig made;
  made.choice = choice;
  made.name = name;
  made.place = {"x.toml", 3, 4};
  return made;
}

/// At these cosines with the first axis.
at::Tensor at_cosine(double cosine) {
  return cosine * axis(0) + std::sqrt(1 - cosine * cosine) * axis(1);
}

class Targets : public testing::Test {
 protected:
  std::vector<std::string> chosen(const std::vector<TargetConfig>& configs, const std::string& photo = "new",
                                  const std::string& folder = "", std::uint64_t seed = 1) const {
    const at::Tensor own = configs.size() > 1 ? at::stack({axis(0), axis(0)}) : axis(0).unsqueeze(0);
    std::vector<std::string> names;
    for (const std::vector<Target>& face :
         choose_targets(configs, model_, seed, gallery_, photos_, {photo, folder, own})) {
      for (const Target& target : face) names.push_back(target.name);
    }
    return names;
  }
  std::string chosen(Choice choice, const std::string& photo = "new", const std::string& folder = "") const {
    return chosen({config(choice)}, photo, folder).front();
  }

  LoadedModel model_;
  Gallery gallery_{{somebody(model_, "ann", {at_cosine(.5), at_cosine(-1), at_cosine(.7)}),  // .6 of what is attacked
                    somebody(model_, "bea", {at_cosine(-.3), at_cosine(1)}), somebody(model_, "cat", {at_cosine(.1)})}};
  std::map<std::string, Person> photos_;
};

TEST_F(Targets, AreNearestOrFurthestByThePhotosThatAnAttackMayLookAt) {
  EXPECT_EQ(chosen(Choice::nearest), "ann");
  EXPECT_EQ(chosen(Choice::furthest), "bea") << "whose judging photo is nearest of all";
}

TEST_F(Targets, AreNobodyOnThePictureOrInWhoseFolderItIs) {
  EXPECT_EQ(chosen(Choice::nearest, "ann1"), "cat");
  EXPECT_EQ(chosen(Choice::nearest, "new", "ann"), "cat");
  EXPECT_EQ(chosen(Choice::furthest, "bea0"), "cat");
  expect_in(error_of<Error>([&] { chosen({config(Choice::named, "bea")}, "bea1"); }), "'bea'");
}

TEST_F(Targets, AreNobodyWhomTheFacePassesForAlreadyUnlessThereIsNobodyElse) {
  const auto with = [&](const TargetConfig& config, double same) {
    const Targeted picture{"new", "", axis(0).unsqueeze(0), same};
    return choose_targets({config}, model_, 1, gallery_, photos_, picture).front().front().name;
  };
  EXPECT_EQ(with(config(Choice::nearest), .7), "ann");
  EXPECT_EQ(with(config(Choice::nearest), .55), "cat");
  EXPECT_EQ(with(config(Choice::nearest), -1), "ann") << "all of them: the nearest is as good as another";
  EXPECT_EQ(with(config(Choice::named, "ann"), .55), "ann");
}

TEST_F(Targets, HaveTheEmbeddingsThatAnAttackMayLookAt) {
  const Target target =
      choose_targets({config(Choice::named, "bea")}, model_, 1, gallery_, {}, {"new", "", axis(0).unsqueeze(0)})
          .front()
          .front();
  EXPECT_TRUE(at::equal(target.attacked.at(&model_), at_cosine(-.3).unsqueeze(0)));
}

TEST_F(Targets, ByGainAreSeveralDifferentPeople) {
  TargetConfig gain = config(Choice::gain);
  gain.candidates = 2;
  const std::vector<std::string> two = chosen({gain});
  EXPECT_EQ(std::set(two.begin(), two.end()).size(), 2U);
  EXPECT_EQ(chosen({gain}), two) << "the same every time";
  gain.candidates = 10;
  EXPECT_EQ(chosen({gain}).size(), 3U) << "no more than there are";
  EXPECT_EQ(chosen({gain}, "new", "ann").size(), 2U) << "never oneself";
}

TEST_F(Targets, ByChanceAreAllInTurnAndTheSameEveryTime) {
  std::set<std::string> all;
  for (std::int64_t draw = 1; draw <= 3; ++draw) {
    TargetConfig one = config(Choice::random);
    one.draw = draw;
    all.insert(chosen({one}).front());
    EXPECT_EQ(chosen({one}), chosen({one}));
  }
  EXPECT_EQ(all.size(), 3U);
}

TEST_F(Targets, AreOneAFaceWhereThereAreSeveral) {
  photos_["(photos)"] = on_axes(model_, "(photos)", {5});
  EXPECT_EQ(chosen({config(Choice::named, "cat"), config(Choice::photos, "(photos)")}),
            (std::vector<std::string>{"cat", "(photos)"}));
  const auto three = [&] { chosen({config(Choice::random), config(Choice::random), config(Choice::random)}); };
  expect_in(error_of<Error>(three), "3 targets");
}

TEST_F(Targets, ThatNobodyIsNamedAreRefusedWithTheirPlace) {
  EXPECT_NO_THROW(require_targets(gallery_, {config(Choice::named, "bea"), config(Choice::random)}));
  try {
    require_targets(gallery_, {config(Choice::named, "bae")});
    FAIL() << "nobody is 'bae'";
  } catch (const ConfigError& error) {
    expect_in(error.what(), "did you mean 'bea'?");
    EXPECT_EQ(error.place().line, 3U);
  }
}

}  // namespace
}  // namespace faceoff
