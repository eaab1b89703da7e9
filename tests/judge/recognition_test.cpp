// Whom a recogniser knows while it looks at a picture, and whom it takes a face for.
#include "judge/recognition.hpp"

#include "faces/people.hpp"
#include "support.hpp"

namespace faceoff {
namespace {

TEST(LineUp, KnowsPeopleByPhotosThatNoAttackLookedAt) {
  const LoadedModel model;
  const Gallery people({on_axes(model, "ann", {0, 1, 2, 3}), on_axes(model, "bea", {4})});
  const LineUp lineup(people, model, "another photo");
  const std::optional<Known> ann = lineup.find("ann"), bea = lineup.find("bea");
  ASSERT_TRUE(ann && bea);
  EXPECT_TRUE(at::equal(ann->photos, at::stack({axis(1), axis(3)})));
  EXPECT_TRUE(ann->disjoint);
  EXPECT_TRUE(at::equal(bea->photos, axis(4).unsqueeze(0))) << "an only photo has to do both";
  EXPECT_FALSE(bea->disjoint);
  EXPECT_FALSE(lineup.find("cat"));
  EXPECT_EQ(lineup.best_match(axis(3)).name, "ann");
  EXPECT_EQ(lineup.best_match(axis(3)).similarity, 1);
  EXPECT_EQ(lineup.best_match(axis(0)).similarity, 0) << "the attack looks at that photo";
}

TEST(LineUp, KnowsNobodyByTheVeryPhotoThatIsLookedAt) {
  const LoadedModel model;
  const Gallery people({on_axes(model, "ann", {0, 1}), on_axes(model, "bea", {4})});
  const LineUp at_ann(people, model, "ann1"), at_bea(people, model, "bea0");
  ASSERT_TRUE(at_ann.find("ann"));
  EXPECT_TRUE(at::equal(at_ann.find("ann")->photos, axis(0).unsqueeze(0)));
  EXPECT_FALSE(at_ann.find("ann")->disjoint) << "the judging photo is the one that is looked at";
  EXPECT_FALSE(at_bea.find("bea")) << "of bea there is no other photo";
  EXPECT_EQ(at_bea.best_match(axis(4)).name, "ann");
}

TEST(LineUp, OfOnePersonOnThatVeryPhotoIsEmpty) {
  const LoadedModel model;
  const Gallery people({on_axes(model, "bea", {4})});
  EXPECT_TRUE(LineUp(people, model, "bea0").empty());
  EXPECT_FALSE(LineUp(people, model, "another").empty());
  EXPECT_TRUE(LineUp(Gallery(), model, "another").empty());
}

TEST(LineUp, TakesOneMore) {
  const LoadedModel model;
  const Gallery nobody;
  LineUp lineup(nobody, model, "a photo");
  lineup.add({unknown_person, axis(2).unsqueeze(0), true});
  EXPECT_FALSE(lineup.empty());
  EXPECT_EQ(lineup.best_match(axis(2)).name, unknown_person);
  EXPECT_TRUE(lineup.find(unknown_person));
  const Gallery people({on_axes(model, "ann", {0})});
  LineUp more(people, model, "a photo");
  more.add({unknown_person, axis(2).unsqueeze(0), true});
  EXPECT_EQ(more.best_match(axis(2)).name, unknown_person);
  EXPECT_EQ(more.best_match(axis(0)).name, "ann");
}

TEST(LineUp, OfPhotosThatSeveralShareHidesThemAll) {
  const LoadedModel model;
  Person left = on_axes(model, "group/1", {0}), right = on_axes(model, "group/2", {1});
  left.photos = right.photos = {"group"};
  const Gallery people({left, right, on_axes(model, "ann", {2})});
  const LineUp lineup(people, model, "group");
  EXPECT_FALSE(lineup.find("group/1") || lineup.find("group/2"));
  EXPECT_EQ(lineup.best_match(axis(0)).similarity, 0);
}

TEST(LineUp, GivesAFaceToWhoeverLooksLikeItOnThatPhoto) {
  const LoadedModel model;
  const Gallery people({on_axes(model, "ann", {0, 1}), on_axes(model, "bea", {2})});
  const Person *const ann = people.find("ann"), *const bea = people.find("bea");
  const std::filesystem::path file = "bea.png", in_folder = "people/bea/new.png";
  EXPECT_EQ(owner_of(people, model, "ann1", file, axis(1), true), ann);
  EXPECT_EQ(owner_of(people, model, "ann1", file, axis(5), true), nullptr) << "another face on ann's photo";
  EXPECT_EQ(owner_of(people, model, "elsewhere", file, axis(1), true), nullptr);
  EXPECT_EQ(owner_of(people, model, "elsewhere", in_folder, axis(5), true), bea);
  EXPECT_EQ(owner_of(people, model, "elsewhere", in_folder, axis(5), false), nullptr) << "one of several faces";
  EXPECT_EQ(owner_of(people, model, "ann1", in_folder, axis(1), true), ann) << "the photo says more than the folder";
}

TEST(Shares, AreOfWhoHasAPhotoToCompareWith) {
  Recognition said;
  said.outcome = Outcome::person;
  said.target = said.self = {.9, .1};
  const auto told = [&](const Identity& who) {
    std::map<std::string, BeforeAfter<bool>> shares;
    for (const auto& [name, holds] : shares_by_cosine(who, said, .5)) shares[name] = holds;
    return shares;
  };
  EXPECT_TRUE(told({"ann", "bea", false}).empty()) << "the clean face itself is no other photo";
  said.target_disjoint = true;
  const auto both = told({"ann", "bea", true});
  EXPECT_EQ(both.at("impersonated"), (BeforeAfter<bool>{true, false}));
  EXPECT_EQ(both.at("dodged"), (BeforeAfter<bool>{false, true}));
  EXPECT_TRUE(both.contains("identified"));
}

}  // namespace
}  // namespace faceoff
