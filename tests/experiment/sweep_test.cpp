// What --set, [sweep], [zip] and extends make of a file.
#include <set>

#include "experiment/experiment.hpp"
#include "experiment/experiment_files.hpp"
#include "experiment/read.hpp"

namespace faceoff {
namespace {

TEST(Set, TakesNumbersTruthsStringsListsAndTables) {
  const Experiment e = Read(good, {"attack.epsilon=12.5", "optimizer.steps=7", "optimizer.random_start=true",
                                   "name=other_name", "attack.norm=\"two\"",
                                   "data.pictures=[\"models/samples/sample2.jpg\", \"models/samples/sample3.jpg\"]",
                                   "faces={detector=\"ssd\", minimum_score=0.25}"})
                           .first();
  EXPECT_EQ(e.epsilon, 12.5);
  EXPECT_EQ(param(e.optimizer, "steps"), ParamValue(std::int64_t{7}));
  EXPECT_EQ(param(e.optimizer, "random_start"), ParamValue(true));
  EXPECT_EQ(e.name, "other_name");
  EXPECT_EQ(e.norm, Norm::two);
  EXPECT_EQ(e.pictures.size(), 2U);
  EXPECT_EQ(e.minimum_score, .25);
}

TEST(Set, TakesWhatIsNoTomlAsAString) {
  EXPECT_EQ(Read(good, {"name=good.v2"}).first().name, "good.v2");
  const Experiment e = Read(good, {"data.pictures=models/samples/sample2.jpg"}).first();
  EXPECT_EQ(e.pictures, (std::vector<std::filesystem::path>{"models/samples/sample2.jpg"}));
}

TEST(Set, ReachesIntoListsByIndexAndMakesTablesOnTheWay) {
  const Experiment e = Read(good, {"loss.0.weight=2.5", "loss.0.area=true", "evaluate.false_accept_rate=1e-4"}).first();
  EXPECT_EQ(e.losses[0].weight, 2.5);
  EXPECT_EQ(param(e.losses[0].plugin, "area"), ParamValue(true));
  EXPECT_EQ(e.false_accept_rate, 1e-4);
}

TEST(Set, ReplacesAWholeListOfTables) {
  const Experiment e =
      Read(good, {"loss=[{plugin=\"detection\",models=[\"ssd\"]},{plugin=\"detection\",models=[\"ssd\"],weight=3}]",
                  "augment=[{plugin=\"uniform_noise\",draws=2}]"})
          .first();
  ASSERT_EQ(e.losses.size(), 2U);
  EXPECT_EQ(e.losses[1].weight, 3);
  ASSERT_EQ(e.augmentations.size(), 1U);
  EXPECT_EQ(e.augmentations[0].draws, 2);
}

TEST(Set, TheLastOneCounts) {
  EXPECT_EQ(Read(good, {"attack.epsilon=3", "attack.epsilon=4"}).first().epsilon, 4);
  EXPECT_EQ(Read(good, {"attack={epsilon=3}", "attack.epsilon=4"}).first().epsilon, 4);
}

TEST(Set, MakesASweep) {
  const Read read(good, {"sweep={\"attack.epsilon\"=[2,4]}"});
  EXPECT_EQ(names(read.document), (std::vector<std::string>{"epsilon=2", "epsilon=4"}));
}

TEST(Sweep, IsTheProductOfItsLists) {
  const Read read(swept);
  EXPECT_EQ(names(read.document),
            (std::vector<std::string>{"epsilon=8,area=false", "epsilon=8,area=true", "epsilon=12,area=false",
                                      "epsilon=12,area=true", "epsilon=16,area=false", "epsilon=16,area=true"}));
  ASSERT_EQ(read.variants.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(read.variants[i].variant, names(read.document)[i]);
    EXPECT_EQ(read.variants[i].epsilon, 8 + 4 * static_cast<double>(i / 2));
    EXPECT_EQ(param(read.variants[i].losses[0].plugin, "area"), ParamValue(i % 2 == 1));
  }
}

TEST(Sweep, ASetOfASweptKeyTakesTheListsPlace) {
  const Read read(swept, {"attack.epsilon=3"});
  EXPECT_EQ(names(read.document), (std::vector<std::string>{"area=false", "area=true"}));
  EXPECT_EQ(read.variants[1].epsilon, 3);
  const Read none(swept, {"attack.epsilon=3", "loss.0.area=true"});
  EXPECT_EQ(names(none.document), (std::vector<std::string>{"base"}));
  EXPECT_EQ(none.first().epsilon, 3);
}

TEST(Sweep, NamesAreFitForFoldersAndDifferFromOneAnother) {
  const Read same(good +
                  "[sweep]\n\"data.pictures\" = [[\"models/samples/sample1.jpg\"], "
                  "\"models/samples/sample1.jpg\", \"models/samples/sample2.jpg\"]\n");
  std::set<std::string> seen;
  for (const std::string& name : names(same.document)) {
    EXPECT_EQ(name.find_first_of("/\\ \"'[]*?\n"), std::string::npos) << name;
    EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_LT(name.size(), 100U);
  }
  // Two swept keys with one last part are told apart by the whole of them.
  const Read both(good + "[sweep]\n\"optimizer.plugin\" = [\"pgd\"]\n\"loss.0.plugin\" = [\"detection\"]\n");
  EXPECT_EQ(names(both.document), (std::vector<std::string>{"loss.0.plugin=detection,optimizer.plugin=pgd"}));
}

TEST(Sweep, NamesDifferAlsoWhereANumberedOneIsTakenAlready) {
  const ExperimentFile file(good +
                            "[sweep]\n\"data.pictures\" = [\"a b\", \"a_b\", \"a b_2\", \"a b#2\", \"a_b#1\"]\n");
  std::set<std::string> seen;
  for (const std::string& name : names(Document(file.path, {}))) EXPECT_TRUE(seen.insert(name).second) << name;
  EXPECT_EQ(seen.size(), 5U);
}

TEST(Sweep, NamesOfManyKeysStayFitForAFolderAndDiffer) {
  std::string text = good + "[sweep]\n";
  for (int key = 0; key < 8; ++key) {
    const std::string value(60, 'v');
    text += "\"models.ssd.a_rather_long_name_" + std::to_string(key) + "\" = [\"" + value + "\", \"w" + value + "\"]\n";
  }
  const ExperimentFile file(text);
  std::set<std::string> seen;
  for (const std::string& name : names(Document(file.path, {}))) {
    EXPECT_TRUE(seen.insert(name).second) << name;
    EXPECT_LE(name.size(), 255U);
  }
  EXPECT_EQ(seen.size(), 256U);
}

TEST(Sweep, OfTooManyVariantsIsRefused) {
  std::string text = good + "[sweep]\n";
  for (const std::string key : {"seed", "attack.epsilon", "optimizer.steps"}) {
    text += '"' + key + "\" = [";
    for (int i = 1; i <= 30; ++i) text += std::to_string(i) + ",";
    text += "]\n";
  }
  expect_in(complaint(text), "more than 10000 variants");
}

TEST(Sweep, OfKeysWithinOneAnotherIsRefused) {
  const std::string message = complaint(good + "[sweep]\n\"attack\" = [{epsilon = 4}]\n\"attack.epsilon\" = [8, 12]\n");
  expect_in(message, "FILE:18:");
  expect_in(message, "'attack.epsilon' is swept, and another swept key is within it or it in that: sweep one of them");
}

TEST(Sweep, OfAKeyThatASetTouchesFromAboveOrBelowIsRefused) {
  const std::string text = good + "[sweep]\n\"attack.target\" = [{choice = \"nearest\"}, {choice = \"furthest\"}]\n";
  for (const std::string set : {"attack={epsilon=4}", "attack.target.choice=\"random\""}) {
    EXPECT_EQ(complaint(text, {set}),
              "--set " + set + ": 'attack.target' is swept, which would overrule this: set that key itself");
  }
}

TEST(Sweep, KeysAreTomlsOwn) {
  const std::string model = "[models.\"a.b\"]\nplugin = \"ssd_mobilenet_v1\"\n";
  const Read read(good + model + "[sweep]\n\"models.'a.b'.plugin\" = [\"ssd_mobilenet_v1\", \"torchscript\"]\n");
  ASSERT_EQ(read.variants.size(), 2U);
  EXPECT_EQ(read.variants[1].models.at("a.b").info->name, "torchscript");
  EXPECT_EQ(Read(good + model, {"models.\"a.b\".plugin=torchscript"}).first().models.at("a.b").info->name,
            "torchscript");
}

TEST(Sweep, NamesAFolderWhateverTheKeys) {
  const ExperimentFile file(good + "[sweep]\n\"models.'../x'.a\" = [1]\n\"models.'../y'.a\" = [1]\n");
  for (const std::string& name : names(Document(file.path, {}))) EXPECT_EQ(name.find('/'), std::string::npos) << name;
}

TEST(Sets, WhatBeginsAsAListATableOrAStringHasToBeToml) {
  for (const std::string value : {"[\"a.jpg\"", "{choice=\"named\"", "\"a", "'a"}) {
    expect_in(complaint(good, {"data.pictures=" + value}), "--set data.pictures=" + value + ": not TOML: ");
  }
}

TEST(Sets, CantSayWhatIsExtended) {
  expect_in(complaint(good, {"extends=other.toml"}), "--set extends=other.toml: 'extends' can't be set");
}

TEST(Sweep, AZipsListsGoTogether) {
  const Read read(good +
                  "[sweep]\n\"attack.epsilon\" = [4, 8]\n[sweep.zip]\n\"optimizer.steps\" = [10, 40]\n"
                  "\"optimizer.step_size\" = [4.0, 1.0]\n");
  EXPECT_EQ(names(read.document),
            (std::vector<std::string>{"epsilon=4,step_size=4.0,steps=10", "epsilon=4,step_size=1.0,steps=40",
                                      "epsilon=8,step_size=4.0,steps=10", "epsilon=8,step_size=1.0,steps=40"}));
  EXPECT_EQ(read.variants[3].epsilon, 8);
  EXPECT_EQ(std::get<std::int64_t>(param(read.variants[3].optimizer, "steps")), 40);
  EXPECT_EQ(std::get<double>(param(read.variants[3].optimizer, "step_size")), 1);
  using Choices = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(read.variants[2].choices,
            (Choices{{"attack.epsilon", "8"}, {"optimizer.step_size", "4.0"}, {"optimizer.steps", "10"}}));
}

TEST(Sweep, AZipNamesItsVariantsAndSweepsWholeListsOfPlugins) {
  const std::string losses =
      "loss = [[{ plugin = \"detection\", models = [\"ssd\"] }],\n"
      "        [{ plugin = \"detection\", models = [\"ssd\"], area = true },\n"
      "         { plugin = \"detection\", models = [\"ssd\"], weight = 2.0 }]]\n";
  const Read named(good + "[sweep.zip]\nname = [\"score\", \"both\"]\n" + losses);
  EXPECT_EQ(names(named.document), (std::vector<std::string>{"score", "both"}));
  EXPECT_EQ(named.variants[0].losses.size(), 1U);
  ASSERT_EQ(named.variants[1].losses.size(), 2U);
  EXPECT_EQ(named.variants[1].losses[1].weight, 2);
  EXPECT_EQ(named.variants[1].choices, (std::vector<std::pair<std::string, std::string>>{{"loss", "both"}}));
  // Without names they are called by their plugins.
  EXPECT_EQ(names(Read(good + "[sweep]\n" + losses).document),
            (std::vector<std::string>{"loss=detection", "loss=detection+detection"}));
}

TEST(Sweep, ASetTakesAKeyOutOfAZip) {
  const std::string zip = good + "[sweep.zip]\nname = [\"a\", \"b\"]\n\"attack.epsilon\" = [4, 8]\n";
  const Read rest(zip + "\"optimizer.steps\" = [10, 40]\n", {"attack.epsilon=3"});
  EXPECT_EQ(names(rest.document), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(rest.variants[1].epsilon, 3);
  EXPECT_EQ(std::get<std::int64_t>(param(rest.variants[1].optimizer, "steps")), 40);
  EXPECT_EQ(names(Read(zip, {"attack.epsilon=3"}).document), (std::vector<std::string>{"base"}));
}

/// An experiment beside the file that it extends.
struct Extending {
  explicit Extending(const std::string& text, Sets sets = {}, const std::string& base = good)
      : base_file(base),
        file("extends = \"" + base_file.path.string() + "\"\n" + text),
        document(file.path, std::move(sets)),
        variants(read_experiments(document, tree_plugins())) {}

  ExperimentFile base_file, file;
  Document document;
  std::vector<Experiment> variants;
};

TEST(Extends, SaysWhatIsOtherThanInTheBase) {
  const Extending read("[attack]\nmask = \"faces\"\n[optimizer]\nsteps = 3\n");
  const Experiment& first = read.variants.front();
  EXPECT_EQ(first.seed, 5U);
  EXPECT_EQ(first.epsilon, 8);
  EXPECT_EQ(first.mask, MaskKind::faces);
  EXPECT_EQ(std::get<std::int64_t>(param(first.optimizer, "steps")), 3);
  EXPECT_EQ(first.name, read.file.path.stem().string()) << "a name is not handed down";
}

TEST(Extends, AListAPluginAndAnInlineTableTakeTheOldOnesPlace) {
  const Extending read(
      "[[loss]]\nplugin = \"detection\"\nmodels = [\"ssd\"]\narea = true\n"
      "[optimizer]\nplugin = \"momentum_pgd\"\n");
  const Experiment& first = read.variants.front();
  ASSERT_EQ(first.losses.size(), 1U);
  EXPECT_EQ(first.optimizer.info->name, "momentum_pgd");
  EXPECT_NE(std::get<std::int64_t>(param(first.optimizer, "steps")), 40) << "pgd's are not handed down to another";
}

TEST(Extends, WhatTheFileSetsTheBaseNoLongerSweeps) {
  const std::string with_sweep = good + "[sweep]\n\"attack.epsilon\" = [4, 8]\n\"optimizer.steps\" = [1, 2]\n";
  EXPECT_EQ(names(Extending("", {}, with_sweep).document).size(), 4U);
  const Extending read("[attack]\nepsilon = 5\n[sweep]\nseed = [1, 2, 3]\n", {}, with_sweep);
  EXPECT_EQ(names(read.document).size(), 6U);
  for (const Experiment& variant : read.variants) EXPECT_EQ(variant.epsilon, 5);
}

TEST(Extends, FaultsInTheBaseAreToldWhereTheyStand) {
  const std::string message = error_of<ConfigError>([&] { Extending("", {}, good + "stepz = 3\n"); });
  expect_in(message, ":17:1: unknown key 'stepz' in [optimizer]; did you mean 'steps'?\n  17 | stepz = 3\n     | ^");
}

TEST(Sweep, OfAnEmptyKeyIsRefused) {
  for (const std::string key : {"", ".", "..", "attack.", ".epsilon", "attack..epsilon"}) {
    expect_in(complaint(good + "[sweep]\n\"" + key + "\" = [1, 2]\n"), "FILE:18:");
  }
}

}  // namespace
}  // namespace faceoff
